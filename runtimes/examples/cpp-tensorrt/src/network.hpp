// The graphs of a variant as one network: from the template to kernels, and from a search region to maps.
#pragma once

#include "backend.hpp"

#include <map>
#include <vector>

namespace follow {

/**
 * A target's kernels stay on the device, and so does all that goes from one graph to the next: the template's and the
 * search region's pixels go there, the maps come back.
 */
class Network {
  public:
    /// Loads every graph and runs it once. The backend must outlive the network. @throws Error  a graph is missing
    Network(const Bundle &bundle, Backend &backend);

    /// Where the template's pixels go: (3, T, T). Pinned.
    float *template_input();

    /// Takes the template that is there as the target.
    void embed();

    /// Where a search region's pixels go: (scales, 3, side, side), for one of the tracker's search sizes. Pinned.
    float *search_input(std::int32_t side);

    /// @return The maps of the search region that is there; valid until the next call.
    sdst_outputs match(std::int32_t side);

  private:
    struct Room {
        Memory memory;
        std::size_t bytes = 0;
    };
    using Rooms = std::map<std::string, Room>; ///< on the device, by tensor

    /// What runs for one size of the search region.
    struct Search {
        std::vector<std::unique_ptr<Engine>> engines; ///< search, correlate, tail
        Rooms rooms;
        Tensor x;
        std::vector<Tensor> outputs; ///< score, then boxes
        Memory pinned_x;
        std::vector<Memory> pinned_outputs;
    };

    void require_graphs(const std::string &suffix) const;
    std::unique_ptr<Engine> load(const std::string &role, Rooms &rooms);
    std::unique_ptr<Engine> load_correlation(const std::string &suffix, Rooms &rooms);
    Search load_search(const std::string &suffix, std::int32_t side);
    const Graph &graph(const std::string &role) const;
    Search &search(std::int32_t side);

    const Bundle &bundle_;
    Backend &backend_;
    Rooms kernels_; ///< and z
    Tensor z_;
    Memory pinned_z_;
    std::unique_ptr<Engine> template_;
    std::map<std::int32_t, Search> searches_; ///< by the side of the region
};

} // namespace follow
