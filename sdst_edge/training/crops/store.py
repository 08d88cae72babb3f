"""Region crops kept once they have been cut, by slots: one a frame of the training sources.

A store on disk is one sparse file, ``<folder>/regions/<fingerprint>.regions``: a header that says what it holds, a
record for each slot, and the pixels of each slot, those of its templates last. Pixels are written first, then their
record, then the byte in it that says so; a process that is killed leaves an unfinished slot empty. Checksums tell what
a power cut has torn. Files may be deleted while no run uses them; those of other recipes or data stay until somebody
does.
"""

from __future__ import annotations

import hashlib
import json
import logging
import struct
import zlib
from dataclasses import asdict
from pathlib import Path
from typing import Any

from sdst_edge.datasets.index import cache_folder
from sdst_edge.training.crops.backing import Backing, FileBacking, MemoryBacking, memory_bytes
from sdst_edge.training.crops.geometry import Window
from sdst_edge.training.crops.regions import Region, RegionRule
from sdst_edge.training.recipe import Cache
from sdst_runtime.errors import ConfigError

__all__ = ["RegionStore"]

_log = logging.getLogger(__name__)

_MOST_OF_MEMORY = 0.5
_FORMAT = 2  # of the file
_PAGE = 4096
_RECORD = struct.Struct("<4d2i3BxI")  # window, frame size, border, checksum of the pixels
_RECORD_BYTES = 64  # the last one is 1 once the slot is filled


class RegionStore:
    """Keeps regions by slot. Made before workers are forked, it is shared by them all.

    A store on disk can be pickled, too, and other processes may have the same one open.

    Attributes:
        kept: slots that there is room for; regions of later ones are not kept.
    """

    def __init__(self, cache: Cache, rule: RegionRule, key: str, slots: int, *, processes: int = 1) -> None:
        """An empty store, or what an earlier run left of one on disk.

        Args:
            cache: what kind, where, and how much is kept.
            rule: of the regions.
            key: tells apart what the regions are cut from: frames and boxes that change must change it.
            slots: regions that there are; those beyond ``cache.limit_gb``, in memory those beyond half of the
                machine's, are not kept.
            processes: that train together, each with a store of its own where it is in memory.

        Raises:
            ConfigError: there is no folder for the cache, it cannot be written, or memory is not to be had.
        """
        self._made_from = (cache, rule, key, slots)
        self._size = rule.size_px
        self._template_px = rule.config.template_size
        self._region_bytes = self._size * self._size * 3
        self._pixel_bytes = self._region_bytes + 2 * self._template_px * self._template_px * 3
        most = cache.limit_gb * 1e9
        if cache.kind == "memory":  # more would end the process, and nobody could say why
            most = min(most, _MOST_OF_MEMORY * memory_bytes()) / processes
        room = int(most) // (self._pixel_bytes + _RECORD_BYTES)
        self.kept = 0 if cache.kind == "none" else min(slots, room)
        self._first_pixel = _PAGE + -(-slots * _RECORD_BYTES // _PAGE) * _PAGE
        self._checked = bytearray(slots)  # whose pixels agree with their checksum
        self._is_full = False
        self._backing = self._open(cache, rule, key, slots) if self.kept else None

    def _open(self, cache: Cache, rule: RegionRule, key: str, slots: int) -> Backing:
        if cache.kind == "memory":
            return MemoryBacking(self._first_pixel + self.kept * self._pixel_bytes)
        held = _description(rule, key, slots)
        mark = hashlib.blake2b(json.dumps(held, sort_keys=True).encode(), digest_size=16).hexdigest()
        header = json.dumps({"sdst-edge regions": _FORMAT, "fingerprint": mark}).encode().ljust(_PAGE, b"\0")
        path = _folder(cache) / "regions" / f"{mark}.regions"
        # as long for any limit, so that runs with different ones share it
        return FileBacking(path, self._first_pixel + slots * self._pixel_bytes, header, self._first_pixel)

    def get(self, slot: int) -> Region | None:
        """The region of a slot; None where there is none yet. Its pixels are a read-only view."""
        if self._backing is None or not 0 <= slot < self.kept:
            return None
        view, at = self._backing.view, _PAGE + slot * _RECORD_BYTES
        if view[at + _RECORD_BYTES - 1] != 1:
            return None
        left, top, width, height, frame_w, frame_h, *border, checksum = _RECORD.unpack_from(view.data, at)
        first = self._first_pixel + slot * self._pixel_bytes
        pixels = view[first : first + self._pixel_bytes]
        if not self._checked[slot]:
            if zlib.crc32(pixels.data) != checksum:
                return None
            self._checked[slot] = 1
        return Region(
            pixels=pixels[: self._region_bytes].reshape(self._size, self._size, 3),
            templates=pixels[self._region_bytes :].reshape(2, self._template_px, self._template_px, 3),
            window=Window(left, top, width, height),
            border=(border[0], border[1], border[2]),
            frame_wh=(frame_w, frame_h),
        )

    def put(self, slot: int, region: Region) -> None:
        """Keeps a region. A full disk is warned of once, and then nothing more is kept.

        Raises:
            ConfigError: the region is of another rule.
        """
        if self._backing is None or self._is_full or not 0 <= slot < self.kept or self._checked[slot]:
            return
        sides = (self._size, self._template_px)
        if (region.pixels.shape, region.templates.shape[1:]) != tuple((side, side, 3) for side in sides):
            got = f"a region of {region.pixels.shape} with templates of {region.templates.shape}"
            raise ConfigError(f"{got}, this store keeps sides of {sides[0]} and {sides[1]} px")
        pixels = region.pixels.tobytes() + region.templates.tobytes()
        record = _RECORD.pack(*region.window, *region.frame_wh, *region.border, zlib.crc32(pixels))
        at = _PAGE + slot * _RECORD_BYTES
        try:
            self._backing.write(self._first_pixel + slot * self._pixel_bytes, pixels)
            self._backing.write(at, record)
            self._backing.write(at + _RECORD_BYTES - 1, b"\1")
        except OSError as error:
            self._is_full = True
            _log.warning("no more regions are kept, training goes on without: %s", error)

    @property
    def filled(self) -> int:
        """Slots that hold a region."""
        if self._backing is None:
            return 0
        flags = self._backing.view[_PAGE + _RECORD_BYTES - 1 : self._first_pixel : _RECORD_BYTES]
        return int(flags[: self.kept].sum())

    def close(self) -> None:
        """Lets go of memory and files; a closed store is empty. Regions that were got stay valid while in use."""
        if self._backing is not None:
            self._backing.close()
        self._backing = None

    def __reduce__(self) -> tuple[Any, ...]:
        if self._made_from[0].kind == "memory":
            raise TypeError("a store of regions in memory is shared by fork alone; use one on disk, or none")
        return RegionStore, self._made_from


def _description(rule: RegionRule, key: str, slots: int) -> dict[str, Any]:
    """All that regions depend on."""
    config = rule.config
    sizes = (config.template_size, config.search_size, rule.size_px)
    crop = {**asdict(config.crop), "offset": config.init_center_offset_px}
    return {"key": key, "slots": slots, "sizes": sizes, "crop": crop, "format": _FORMAT}


def _folder(cache: Cache) -> Path:
    folder = Path(cache.folder).expanduser() if cache.folder else cache_folder()
    if folder is None:
        raise ConfigError(
            "loading.cache.kind is disk and there is no folder for caches; set loading.cache.folder or SDST_CACHE_DIR"
        )
    return folder
