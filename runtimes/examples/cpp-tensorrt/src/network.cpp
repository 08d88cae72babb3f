#include "network.hpp"

#include <cstring>
#include <iostream>

namespace follow {
namespace {

const char *const FORMS[] = {"conv", "matmul", "taps"}; // in the order in which they are tried

template <typename T> T *pointer(const Memory &memory) {
    return static_cast<T *>(memory.get());
}

/// Pinned zeros for a tensor.
Memory blank(Backend &backend, const Tensor &tensor) {
    Memory memory = backend.host_memory(tensor.bytes());
    std::memset(memory.get(), 0, tensor.bytes());
    return memory;
}

/// The only input of a graph, which must be of this name and shape: libsdst writes as much.
const Tensor &only_input(const Graph &graph, const std::string &name, const std::vector<std::int64_t> &shape) {
    const std::vector<Tensor> &inputs = graph.inputs;
    if (inputs.size() != 1 || inputs[0].name != name || inputs[0].shape != shape) {
        throw Error(graph.file.string() + ": its input is not " + name + " alone, of the tracker's size; export again");
    }
    return inputs[0];
}

} // namespace

Network::Network(const Bundle &bundle, Backend &backend) : bundle_(bundle), backend_(backend) {
    const std::int32_t small = bundle.config.small_target.search_size; // 0 where there is no other size
    for (const std::string suffix : {"", "_small"}) {                  // before an engine is built, which takes minutes
        if (suffix.empty() || small != 0) require_graphs(suffix);
    }
    const std::int32_t side = bundle.config.template_size;
    z_ = only_input(graph("template"), "z", {1, 3, side, side});
    pinned_z_ = blank(backend_, z_);
    template_ = load("template", kernels_);
    searches_.emplace(bundle.config.search_size, load_search("", bundle.config.search_size));
    if (small != 0) searches_.emplace(small, load_search("_small", small));
    embed(); // the first run of an engine is slow: no frame shall pay for it
    for (const auto &item : searches_) {
        match(item.first);
    }
}

float *Network::template_input() {
    return pointer<float>(pinned_z_);
}

void Network::embed() {
    backend_.upload(kernels_.at(z_.name).memory.get(), pinned_z_.get(), z_.bytes());
    template_->enqueue();
    backend_.wait(); // the template's pixels may be written over now
}

float *Network::search_input(std::int32_t side) {
    return pointer<float>(search(side).pinned_x);
}

sdst_outputs Network::match(std::int32_t side) {
    Search &run = search(side);
    backend_.upload(run.rooms.at(run.x.name).memory.get(), run.pinned_x.get(), run.x.bytes());
    for (const std::unique_ptr<Engine> &engine : run.engines) {
        engine->enqueue();
    }
    for (std::size_t i = 0; i < run.outputs.size(); ++i) {
        const Tensor &output = run.outputs[i];
        backend_.download(run.pinned_outputs[i].get(), run.rooms.at(output.name).memory.get(), output.bytes());
    }
    backend_.wait();
    const std::vector<std::int64_t> &shape = run.outputs[0].shape; // (scales, channels, S, S)
    const bool boxes = run.outputs.size() > 1;
    return {sizeof(sdst_outputs),
            static_cast<std::int32_t>(shape[0]),
            static_cast<std::int32_t>(shape[1]),
            boxes ? static_cast<std::int32_t>(run.outputs[1].shape[1]) : 0,
            static_cast<std::int32_t>(shape[2]),
            static_cast<std::int32_t>(shape[3]),
            pointer<const float>(run.pinned_outputs[0]),
            boxes ? pointer<const float>(run.pinned_outputs[1]) : nullptr};
}

void Network::require_graphs(const std::string &suffix) const {
    graph("template");
    graph("search" + suffix);
    graph("tail" + suffix);
    for (const char *form : FORMS) {
        if (bundle_.graphs.count("correlate" + suffix + "_" + form) != 0) return;
    }
    graph("correlate" + suffix + "_" + FORMS[0]);
}

/// An engine whose tensors live in `rooms`: those that are new there are allocated.
std::unique_ptr<Engine> Network::load(const std::string &role, Rooms &rooms) {
    std::unique_ptr<Engine> engine = backend_.load(role, graph(role));
    for (const std::vector<Tensor> *tensors : {&graph(role).inputs, &graph(role).outputs}) {
        for (const Tensor &tensor : *tensors) {
            Room &room = rooms[tensor.name];
            if (!room.memory) room = {backend_.device_memory(tensor.bytes()), tensor.bytes()};
            if (room.bytes != tensor.bytes()) {
                throw Error(role + ": " + tensor.name + " has another size in another graph; export the bundle again");
            }
            engine->bind(tensor.name, room.memory.get());
        }
    }
    return engine;
}

/// TensorRT does not build every form of a correlation of two inputs, and not on every GPU.
std::unique_ptr<Engine> Network::load_correlation(const std::string &suffix, Rooms &rooms) {
    std::string reasons;
    for (const char *form : FORMS) {
        const std::string role = "correlate" + suffix + "_" + form;
        if (bundle_.graphs.count(role) == 0) continue;
        try {
            std::unique_ptr<Engine> engine = load(role, rooms);
            std::cerr << "correlation: " << form << "\n";
            return engine;
        } catch (const Error &error) {
            reasons += "\n  " + role + ": " + error.what();
        }
    }
    throw Error("no form of the correlation can be used:" + reasons);
}

Network::Search Network::load_search(const std::string &suffix, std::int32_t side) {
    Search search;
    search.rooms = kernels_; // shared with the template graph
    const std::int32_t scales = bundle_.config.output_kind == SDST_OUTPUT_RESPONSE ? bundle_.config.pyramid.count : 1;
    search.x = only_input(graph("search" + suffix), "x", {scales, 3, side, side});
    search.outputs = graph("tail" + suffix).outputs;
    for (const Tensor &output : search.outputs) {
        if (output.shape.size() != 4)
            throw Error("map " + output.name + " has not four sides; export the bundle again");
        search.pinned_outputs.push_back(backend_.host_memory(output.bytes()));
    }
    search.pinned_x = blank(backend_, search.x);
    search.engines.push_back(load("search" + suffix, search.rooms));
    search.engines.push_back(load_correlation(suffix, search.rooms));
    search.engines.push_back(load("tail" + suffix, search.rooms));
    return search;
}

const Graph &Network::graph(const std::string &role) const {
    const auto found = bundle_.graphs.find(role);
    if (found == bundle_.graphs.end()) {
        throw Error("variant " + bundle_.variant + " has no " + role +
                    " graph; export the bundle with a TensorRT target, such as --target jetson-xavier-nx-jp5");
    }
    return found->second;
}

Network::Search &Network::search(std::int32_t side) {
    return searches_.at(side);
}

} // namespace follow
