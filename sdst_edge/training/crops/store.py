"""Region crops kept once they have been cut, by slots: one a frame of the training sources."""

from __future__ import annotations

from sdst_edge.training.crops.regions import Region, RegionRule
from sdst_edge.training.recipe import Cache

__all__ = ["RegionStore"]


class RegionStore:
    """Keeps regions by slot. Made before workers are forked, it is shared by them all.

    A store on disk can be pickled, too, and another process may have the same one open.
    """

    def __init__(self, cache: Cache, rule: RegionRule, key: str, slots: int) -> None:
        """An empty store, or what an earlier run left of one on disk.

        Args:
            cache: what kind, where, and how much is kept.
            rule: of the regions.
            key: tells apart what the regions are cut from: frames and boxes that change must change it.
            slots: regions that there are; those beyond ``cache.limit_gb`` are not kept.

        Raises:
            ConfigError: the cache's folder cannot be written.
        """
        raise NotImplementedError

    def get(self, slot: int) -> Region | None:
        """The region of a slot; None where there is none yet. Its pixels are a read-only view."""
        raise NotImplementedError

    def put(self, slot: int, region: Region) -> None:
        """Keeps a region. A full disk is warned of once, and nothing more is kept."""
        raise NotImplementedError

    def close(self) -> None:
        """Lets go of memory and files. Regions that were got become invalid."""
        raise NotImplementedError
