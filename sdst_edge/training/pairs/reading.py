"""Region crops of places: from the cache, or cut from the frame and kept."""

from __future__ import annotations

from sdst_edge.training.crops.regions import Region, RegionRule, cut_region
from sdst_edge.training.crops.store import RegionStore
from sdst_edge.training.pairs.clips import Place
from sdst_edge.training.pairs.sources import Sources
from sdst_runtime.errors import DatasetError, SdstError

__all__ = ["RegionReader"]


class RegionReader:
    """Reads regions; workers forked from one process share what its store keeps."""

    def __init__(self, sources: Sources, rule: RegionRule, store: RegionStore) -> None:
        self._sources = sources
        self._rule = rule
        self._store = store

    def region(self, place: Place) -> Region:
        """The region around a target; its pixels are not to be written to.

        Raises:
            DatasetError: the frame cannot be read, or its box not be cropped; names source, sequence and frame.
        """
        region = self._store.get(place.slot)
        if region is None:
            sequence = self._sources.clip(place).sequence
            try:
                region = cut_region(sequence.frames[place.frame], place.box_xywh, self._rule)
            except SdstError as error:
                name = self._sources.items[place.source].name
                raise DatasetError(f"{name}: sequence {sequence.name}, frame {place.frame + 1}: {error}") from None
            self._store.put(place.slot, region)
        return region
