// Follows one object: sdst-follow BUNDLE SOURCE X,Y,W,H [--variant NAME] [--engines FOLDER] [--rebuild]
//
// Prints a line per frame: its number, the box (x, y, width, height in px, 0-based), the score, and 1 or 0 for whether
// the object was found. What the program says about itself goes to stderr.

#include "frames.hpp"
#include "tracker.hpp"

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstring>
#include <iostream>

namespace {

using follow::Error;

struct Arguments {
    std::string bundle, source, variant, engines;
    sdst_box box = {};
    bool rebuild = false;
};

bool parse(int count, char **values, Arguments &arguments) {
    if (count < 4) return false;
    arguments.bundle = values[1];
    arguments.source = values[2];
    sdst_box &box = arguments.box;
    int read = 0;
    if (std::sscanf(values[3], "%lf,%lf,%lf,%lf%n", &box.x, &box.y, &box.w, &box.h, &read) != 4) return false;
    if (values[3][read] != '\0') return false;
    for (int i = 4; i < count; ++i) {
        const std::string name = values[i];
        if (name == "--rebuild") {
            arguments.rebuild = true;
        } else if ((name == "--variant" || name == "--engines") && i + 1 < count) {
            (name == "--variant" ? arguments.variant : arguments.engines) = values[++i];
        } else {
            return false;
        }
    }
    return true;
}

void report(std::vector<double> &milliseconds) {
    if (milliseconds.empty()) return;
    std::sort(milliseconds.begin(), milliseconds.end());
    const auto at = [&](double share) {
        return milliseconds[static_cast<std::size_t>(share * static_cast<double>(milliseconds.size() - 1))];
    };
    std::fprintf(stderr, "%zu frames, update() takes %.2f ms (median), %.2f ms (95th percentile)\n",
                 milliseconds.size(), at(0.5), at(0.95));
}

void run(const Arguments &arguments) {
    const follow::Bundle bundle = follow::open_bundle(arguments.bundle, arguments.variant);
    const auto source = follow::open_source(arguments.source);
    follow::BackendOptions options;
    options.precision = bundle.precision;
    options.engines = arguments.engines.empty()
                          ? std::filesystem::path(arguments.bundle) / "engines" / "cpp" / bundle.variant
                          : std::filesystem::path(arguments.engines);
    options.rebuild = arguments.rebuild;
    const auto backend = follow::make_backend(options);
    follow::Network network(bundle, *backend);
    follow::Tracker tracker(bundle, network);

    sdst_frame frame = source->next();
    if (frame.width == 0) throw Error(arguments.source + " has no frame");
    tracker.init(frame, arguments.box);
    std::vector<double> milliseconds;
    for (int number = 1; (frame = source->next()).width != 0; ++number) {
        const auto start = std::chrono::steady_clock::now();
        const sdst_result result = tracker.update(frame);
        milliseconds.push_back(
            std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - start).count());
        std::printf("%d %.3f %.3f %.3f %.3f %.4f %d\n", number, result.box.x, result.box.y, result.box.w, result.box.h,
                    static_cast<double>(result.score), result.found);
        std::fflush(stdout);
    }
    report(milliseconds);
}

} // namespace

int main(int count, char **values) {
    Arguments arguments;
    if (!parse(count, values, arguments)) {
        std::cerr << "usage: sdst-follow BUNDLE SOURCE X,Y,W,H [--variant NAME] [--engines FOLDER] [--rebuild]\n";
        return 2;
    }
    try {
        run(arguments);
        return 0;
    } catch (const std::exception &error) {
        std::cerr << "error: " << error.what() << "\n";
        return 1;
    }
}
