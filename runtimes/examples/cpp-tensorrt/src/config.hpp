// The manifest's table "tracker" as libsdst takes it.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <sdst.h>

namespace follow {

/**
 * @throws Error            a name that libsdst does not know, or a key that this program does not: it would be left out
 * @throws json::exception  a key is missing, or of another type
 */
sdst_tracker_config read_config(const nlohmann::json &tracker);

} // namespace follow
