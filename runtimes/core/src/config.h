/* Tracker configurations: a plain default, and the check that every one passes before it is used. */
#ifndef SDST_CONFIG_H
#define SDST_CONFIG_H

#include "sdst.h"

/** @retval SDST_OK, SDST_ERR_STRUCT_SIZE, SDST_ERR_VALUE, SDST_ERR_UNSUPPORTED */
sdst_status sdst_tracker_config_check_(const sdst_tracker_config *config);

#endif /* SDST_CONFIG_H */
