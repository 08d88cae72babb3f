"""Families of trackers, one module each, with the table of its published checkpoint beside it; and what several share.

Importing this package registers them all.
"""

from sdst_edge.models.trackers import (
    dasiamrpn,
    fear,
    lighttrack,
    nanotrack,
    sdst_nano,
    siamfc,
    siamfcpp,
    siammask,
    siamrpn,
    siamrpnpp,
)

__all__ = [
    "dasiamrpn",
    "fear",
    "lighttrack",
    "nanotrack",
    "sdst_nano",
    "siamfc",
    "siamfcpp",
    "siammask",
    "siamrpn",
    "siamrpnpp",
]
