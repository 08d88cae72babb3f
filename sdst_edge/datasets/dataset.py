"""A data set that was opened: its sequences, and what could not be read of it."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable
from collections.abc import Sequence as Items
from dataclasses import dataclass, replace
from itertools import accumulate
from pathlib import Path
from typing import NamedTuple, overload

from sdst_edge.datasets.layouts.layout import Layout
from sdst_edge.datasets.sequence import Sequence
from sdst_runtime.errors import DatasetError

__all__ = ["Dataset", "JoinedSequences", "Skipped"]


class Skipped(NamedTuple):
    """A sequence that is broken.

    Attributes:
        name: of the sequence, or of what holds several.
        reason: names file and line.
    """

    name: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Dataset:
    """Sequences that lie in one folder.

    Attributes:
        name: for tables: the folder's, and the list's where one chose the sequences.
        root: the folder.
        layout: how it is laid out.
        sequences: in the set's own order, their names unique. A set of pictures without number makes them on access.
        skipped: the broken ones, in the same order.
    """

    name: str
    root: Path
    layout: Layout
    sequences: Items[Sequence]
    skipped: tuple[Skipped, ...] = ()

    def __len__(self) -> int:
        return len(self.sequences)

    def subset(self, names: Iterable[str]) -> Dataset:
        """The same data set with the sequences of these names alone, in the order of the names.

        Raises:
            DatasetError: a name is not in it, or was skipped as broken.
        """
        broken = dict(self.skipped)
        chosen = dict.fromkeys(names)
        by_name = {sequence.name: sequence for sequence in self.sequences if sequence.name in chosen}
        for name in chosen:
            if name in broken:
                raise DatasetError(f"sequence {name} is broken: {broken[name]}")
            if name not in by_name:
                known = ", ".join(sequence.name for sequence in self.sequences[:10])
                more = f" and {len(self) - 10} others" if len(self) > 10 else ""
                raise DatasetError(f"{self.root} has no sequence {name!r}; it has {known}{more}")
        return replace(self, sequences=tuple(by_name[name] for name in chosen), skipped=())


class JoinedSequences(Items[Sequence]):
    """Several collections one after the other; what makes its sequences on access still does."""

    def __init__(self, parts: Items[Items[Sequence]]) -> None:
        self._parts = parts
        self._ends = list(accumulate(len(part) for part in parts))

    def __len__(self) -> int:
        return self._ends[-1]

    @overload
    def __getitem__(self, index: int, /) -> Sequence: ...

    @overload
    def __getitem__(self, index: slice, /) -> tuple[Sequence, ...]: ...

    def __getitem__(self, index: int | slice, /) -> Sequence | tuple[Sequence, ...]:
        if isinstance(index, slice):
            return tuple(self[position] for position in range(*index.indices(len(self))))
        position = index + len(self) if index < 0 else index
        if not 0 <= position < len(self):
            raise IndexError(f"sequence {index} of {len(self)}")
        part = bisect_right(self._ends, position)
        return self._parts[part][position - (self._ends[part] - len(self._parts[part]))]
