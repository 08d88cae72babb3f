"""The VOT protocols by name."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from collections.abc import Sequence as Items
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import numpy as np

from sdst_edge.datasets.sequence import Sequence
from sdst_edge.evaluation.rules.rule import Metric
from sdst_edge.evaluation.run import Trackable
from sdst_edge.evaluation.vot.follow import follow_from, follow_supervised
from sdst_edge.evaluation.vot.multistart import MultistartScores, score_multistart_sequence, score_multistart_set
from sdst_edge.evaluation.vot.protocol import SequenceScores, VotProtocol, VotScores
from sdst_edge.evaluation.vot.result_files import find_result, read_run, results_folder, write_run
from sdst_edge.evaluation.vot.runs import SequenceRuns
from sdst_edge.evaluation.vot.supervised import SupervisedScores, score_supervised_sequence, score_supervised_set
from sdst_runtime.errors import DatasetError

__all__ = ["PROTOCOLS", "MultistartProtocol", "SupervisedProtocol"]


@dataclass(frozen=True, slots=True, kw_only=True)
class SupervisedProtocol:
    """VOT2016 to VOT2019; for the methods see :class:`~sdst_edge.evaluation.vot.protocol.VotProtocol`.

    Attributes:
        name: for the command line.
        low: shortest length, frames, that EAO is the mean over.
        high: the longest one.
        repetitions: how often a tracker runs over a sequence. The challenges ask for 15 where a tracker is stochastic;
            one that gives the same each time scores the same with one.
    """

    name: str
    low: int
    high: int
    repetitions: int = 1

    @property
    def description(self) -> str:
        """One line for tables."""
        return (
            "VOT supervised by PySOT's rules: set anew 5 frames after a failure, accuracy without 10 frames from there "
            f"on, robustness = failures in 100 frames, EAO over lengths {self.low} to {self.high}"
        )

    @property
    def metrics(self) -> tuple[Metric, ...]:
        """EAO first."""
        return (
            Metric(key="eao", label="EAO"),
            Metric(key="accuracy", label="accuracy"),
            Metric(key="robustness", label="robustness", best=0.0, higher_is_better=False),
            Metric(key="lost_number", label="lost number", best=0.0, higher_is_better=False),
        )

    def check(self, sequence: Sequence) -> None:
        """The target must be in the first frame."""
        if not sequence.visible[0]:
            raise DatasetError(f"sequence {sequence.name}: the target is absent in frame 1, where its box is needed")

    def run(self, tracker: Trackable, sequence: Sequence) -> SequenceRuns:
        """All repetitions."""
        self.check(sequence)
        runs = tuple(follow_supervised(tracker, sequence) for _ in range(self.repetitions))
        return SequenceRuns(name=sequence.name, runs=runs)

    def write(self, folder: Path, tracker: str, runs: SequenceRuns) -> None:
        """As ``<sequence>_001.txt`` and so on."""
        for number, run in enumerate(runs.runs, start=1):
            write_run(results_folder(folder, tracker, runs.name), f"{runs.name}_{number:03d}", run)

    def is_done(self, folder: Path, tracker: str, sequence: Sequence) -> bool:
        """Whether there are as many files as repetitions."""
        return len(self._files(results_folder(folder, tracker, sequence.name), sequence.name)) >= self.repetitions

    def read(self, folder: Path, tracker: str, sequence: Sequence) -> SequenceRuns:
        """However many repetitions there are."""
        place = results_folder(folder, tracker, sequence.name)
        files = self._files(place, sequence.name)
        if not files:
            raise DatasetError(f"{place} holds no {sequence.name}_001.txt; expected the results of {tracker} there")
        runs = tuple(read_run(path, start=0, backward=False, length=len(sequence)) for path in files)
        return SequenceRuns(name=sequence.name, runs=runs)

    def score_sequence(self, sequence: Sequence, runs: SequenceRuns) -> SupervisedScores:
        """Overlaps by PySOT's outlines."""
        return score_supervised_sequence(sequence, runs)

    def score_set(self, items: Items[SequenceScores]) -> VotScores:
        """EAO of the set and by tag."""
        return score_supervised_set(cast("Items[SupervisedScores]", items), self.low, self.high)

    def score(self, pairs: Iterable[tuple[Sequence, SequenceRuns]]) -> VotScores:
        """Both at once."""
        return self.score_set([self.score_sequence(sequence, runs) for sequence, runs in pairs])

    @staticmethod
    def _files(place: Path, name: str) -> list[Path]:
        stems = {
            path.stem for path in place.glob("*") if re.fullmatch(re.escape(name) + r"_\d{3}\.(txt|bin)", path.name)
        }
        return [path for stem in sorted(stems) if (path := find_result(place, stem)) is not None]


@dataclass(frozen=True, slots=True, kw_only=True)
class MultistartProtocol:
    """VOT2020 to VOT2022; for the methods see :class:`~sdst_edge.evaluation.vot.protocol.VotProtocol`.

    Attributes:
        name: for the command line.
        low: shortest length, frames, that EAO is the mean over.
        high: the longest one.
    """

    name: str
    low: int
    high: int

    @property
    def description(self) -> str:
        """One line for tables."""
        return (
            "VOT multi-start by vot-toolkit's rules: from each anchor to the sequence's end, pixels counted in the "
            f"picture, failed after 10 frames at 0.1 or less, EAO over lengths {self.low} to {self.high}"
        )

    @property
    def metrics(self) -> tuple[Metric, ...]:
        """EAO first."""
        return (
            Metric(key="eao", label="EAO"),
            Metric(key="accuracy", label="accuracy"),
            Metric(key="robustness", label="robustness"),
        )

    def check(self, sequence: Sequence) -> None:
        """There must be anchors, and the target in their frames."""
        for start, _ in self._starts(sequence):
            if not sequence.visible[start]:
                raise DatasetError(f"sequence {sequence.name}: the target is absent in frame {start + 1}, an anchor")

    def run(self, tracker: Trackable, sequence: Sequence) -> SequenceRuns:
        """From all anchors."""
        self.check(sequence)
        runs = (follow_from(tracker, sequence, start, backward=backward) for start, backward in self._starts(sequence))
        return SequenceRuns(name=sequence.name, runs=tuple(runs))

    def write(self, folder: Path, tracker: str, runs: SequenceRuns) -> None:
        """As ``<sequence>_<anchor>.txt``, anchors 0-based and of eight digits."""
        for run in runs.runs:
            write_run(results_folder(folder, tracker, runs.name), f"{runs.name}_{run.start:08d}", run)

    def is_done(self, folder: Path, tracker: str, sequence: Sequence) -> bool:
        """Whether there is a file for each anchor."""
        place = results_folder(folder, tracker, sequence.name)
        return all(find_result(place, f"{sequence.name}_{start:08d}") for start, _ in self._starts(sequence))

    def read(self, folder: Path, tracker: str, sequence: Sequence) -> SequenceRuns:
        """One run for each anchor."""
        place = results_folder(folder, tracker, sequence.name)
        runs = []
        for start, backward in self._starts(sequence):
            path = find_result(place, f"{sequence.name}_{start:08d}")
            if path is None:
                raise DatasetError(
                    f"{place} holds no {sequence.name}_{start:08d}.txt or .bin; "
                    f"expected what {tracker} did from the anchor in frame {start + 1}"
                )
            length = start + 1 if backward else len(sequence) - start
            runs.append(read_run(path, start=start, backward=backward, length=length))
        return SequenceRuns(name=sequence.name, runs=tuple(runs))

    def score_sequence(self, sequence: Sequence, runs: SequenceRuns) -> MultistartScores:
        """Overlaps by the toolkit's pixels."""
        return score_multistart_sequence(sequence, runs, self.high)

    def score_set(self, items: Items[SequenceScores]) -> VotScores:
        """EAO of the set, and of the sequences with a tag."""
        return score_multistart_set(cast("Items[MultistartScores]", items), self.low, self.high)

    def score(self, pairs: Iterable[tuple[Sequence, SequenceRuns]]) -> VotScores:
        """Both at once."""
        return self.score_set([self.score_sequence(sequence, runs) for sequence, runs in pairs])

    @staticmethod
    def _starts(sequence: Sequence) -> list[tuple[int, bool]]:
        """Frames of anchors, and whether runs go backward from there: forward ones first, as in the toolkit."""
        anchors = np.zeros(len(sequence), dtype=np.int8) if sequence.anchors is None else sequence.anchors
        forward, backward = np.flatnonzero(anchors > 0).tolist(), np.flatnonzero(anchors < 0).tolist()
        if not forward and not backward:
            raise DatasetError(
                f"sequence {sequence.name} has no anchors to start from (a file anchor.value beside its ground truth); "
                "take protocol ope or vot2018"
            )
        return [(start, False) for start in forward] + [(start, True) for start in backward]


#: By name. Lengths for EAO: PySOT's ``eao_benchmark.py`` up to VOT2019, then vot-toolkit's ``stack/vot202*``.
PROTOCOLS: Mapping[str, VotProtocol] = {
    "vot2016": SupervisedProtocol(name="vot2016", low=108, high=371),
    "vot2018": SupervisedProtocol(name="vot2018", low=100, high=356),
    "vot2019": SupervisedProtocol(name="vot2019", low=46, high=291),
    "vot2020": MultistartProtocol(name="vot2020", low=115, high=755),
}
