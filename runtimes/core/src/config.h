/* Tracker configurations: a plain default, and the check that every one passes before it is used. */
#ifndef SDST_CONFIG_H
#define SDST_CONFIG_H

#include "sdst.h"

/** @retval SDST_OK, SDST_ERR_STRUCT_SIZE, SDST_ERR_VALUE, SDST_ERR_UNSUPPORTED */
sdst_status sdst_tracker_config_check_(const sdst_tracker_config *config);

/** @return The configuration that holds for small targets; `config` itself where there is no other. */
sdst_tracker_config sdst_config_for_small_target_(const sdst_tracker_config *config);

/** @return Search inputs per frame: 1, or the number of the pyramid's scales. */
int32_t sdst_scales_(const sdst_tracker_config *config);

/** @return Factor on the sides of the search region of a scale: 1 for the middle one. */
double sdst_scale_factor_(const sdst_tracker_config *config, int32_t scale);

#endif /* SDST_CONFIG_H */
