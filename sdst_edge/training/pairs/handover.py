"""Memory in which workers hand batches over, used again and again.

Batches that each lie in new shared memory cost a page fault every 4 KiB on both sides, which takes as long as to cut
them, and fill /dev/shm, of which a container often has 64 MB. This memory is anonymous, mapped before workers are
forked, and has a slot for each batch on its way.
"""

from __future__ import annotations

import math
import mmap
import pickle
from collections.abc import Sequence as Items
from typing import NamedTuple, Protocol

import torch
from torch import Tensor

__all__ = ["Handover", "Parcel", "Room", "Shippable", "private_room"]

Shape = tuple[int, ...]


class Room(Protocol):
    """Where a batch's pixels are written."""

    def __call__(self, shape: Shape, /) -> Tensor:
        """A new uint8 tensor whose values are arbitrary."""
        ...


def private_room(shape: Shape) -> Tensor:
    """Room in the memory of this process."""
    return torch.empty(shape, dtype=torch.uint8)


class Shippable(Protocol):
    """A batch whose pixels can be told from the rest, which is small."""

    @property
    def pixels(self) -> tuple[Tensor, ...]:
        """In the order in which they were given room."""
        ...

    def with_pixels(self, pixels: Items[Tensor]) -> Shippable:
        """The same batch with its pixels in other tensors."""
        ...


class Parcel(NamedTuple):
    """What goes through the pipe from a worker: a batch without its pixels, which are in the slot of its step.

    Attributes:
        step: of the batch.
        shapes: of its pixels.
        rest: pickled.
    """

    step: int
    shapes: tuple[Shape, ...]
    rest: bytes


class Handover:
    """Slots for batches, shared with processes that are forked after it was made."""

    def __init__(self, slots: int, slot_bytes: int) -> None:
        """Reserves the memory; pages are taken when they are first written.

        Args:
            slots: at least one more than batches are on their way at a time.
            slot_bytes: as much as the pixels of any batch take.
        """
        self._memory = torch.frombuffer(mmap.mmap(-1, slots * slot_bytes), dtype=torch.uint8).view(slots, slot_bytes)

    def room(self, step: int) -> Room:
        """Room in the slot of a step, from its beginning on."""
        return _SlotRoom(self._memory[step % len(self._memory)])

    def packed(self, step: int, batch: Shippable) -> Parcel:
        """In a worker: the parcel of a batch whose pixels were given :meth:`room`."""
        shapes = tuple(tuple(pixels.shape) for pixels in batch.pixels)
        nothing = [torch.empty(0, dtype=torch.uint8)] * len(shapes)
        return Parcel(step, shapes, pickle.dumps(batch.with_pixels(nothing), protocol=pickle.HIGHEST_PROTOCOL))

    def unpacked(self, parcel: Parcel) -> Shippable:
        """In the process that asked: the batch, its pixels still in their slot, which another batch will be given."""
        room = self.room(parcel.step)
        batch: Shippable = pickle.loads(parcel.rest)  # noqa: S301 (from a process of our own)
        return batch.with_pixels([room(shape) for shape in parcel.shapes])


class _SlotRoom:
    """Gives out a slot piece by piece; the same requests get the same pieces."""

    def __init__(self, slot: Tensor) -> None:
        self._slot = slot
        self._taken = 0

    def __call__(self, shape: Shape, /) -> Tensor:
        start, self._taken = self._taken, self._taken + math.prod(shape)
        return self._slot[start : self._taken].view(shape)
