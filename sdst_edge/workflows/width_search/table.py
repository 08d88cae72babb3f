"""What a width search found out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from sdst_edge.evaluation.rules.rule import Metric
from sdst_edge.workflows.trials.frame_times import FrameTime, FrameTimes
from sdst_edge.workflows.width_search.candidates import Candidate

__all__ = ["Rung", "Score", "WidthRow", "WidthTable"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Rung:
    """One round of short runs.

    Attributes:
        steps: of each run; every rung trains anew, since a schedule ends with its budget.
        teacher: headline figure that the rewards are over; None while it is not known.
        finished: whether all its candidates were run.
    """

    steps: int
    teacher: float | None
    finished: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Score:
    """Of a candidate in one rung: its headline figure and its reward."""

    value: float
    reward: float


@dataclass(frozen=True, slots=True, kw_only=True)
class WidthRow:
    """One candidate.

    Attributes:
        name: of it.
        options: of the family.
        parameters: of the network.
        time: of a frame.
        fits: whether the median is within the budget.
        scores: of the rungs that it was run in.
    """

    name: str
    options: Candidate
    parameters: int
    time: FrameTime
    fits: bool
    scores: tuple[Score, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class WidthTable:
    """What a width search found out.

    Attributes:
        recipe: file of the student's recipe.
        overrides: of the recipe.
        command: that makes the table.
        family: of the candidates.
        budget_ms: of a frame.
        teacher: name of what students are compared with: the recipe's general teacher, or the full-width student.
        frame_times: of all candidates and the teacher.
        rows: the candidates, the largest first.
        same: names of candidates that are the same network as another one, which stands for them.
        rungs: that were begun.
        best: name of the chosen candidate; None while the search is not finished.
        dataset: name of the validation set; empty while nothing is finished, as what follows.
        sequences: that were run.
        rule_text: by which they were scored.
        metric: the headline figure; None while nothing is finished.
    """

    recipe: str
    overrides: tuple[str, ...]
    command: str
    family: str
    budget_ms: float
    teacher: str
    frame_times: FrameTimes
    rows: tuple[WidthRow, ...]
    same: Mapping[str, str] = field(default_factory=dict)
    rungs: tuple[Rung, ...] = ()
    best: str | None = None
    dataset: str = ""
    sequences: int = 0
    rule_text: str = ""
    metric: Metric | None = None
