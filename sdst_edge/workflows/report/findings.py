"""In which attributes a tracker is weak, in one sentence and as rows for charts."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from collections.abc import Sequence as Items
from dataclasses import dataclass

from sdst_bench.report.figures import count_text
from sdst_edge.datasets.attributes import ATTRIBUTES
from sdst_edge.evaluation.result import AttributeResult, EvaluationResult
from sdst_edge.evaluation.rules.rule import Metric
from sdst_edge.workflows.report.numbers import change_text, score_text

__all__ = [
    "FEW_SEQUENCES",
    "WEAK_SHARE",
    "AttributeRow",
    "Findings",
    "attribute_title",
    "find_weakness",
    "scored_metrics",
]

#: An attribute is weak when its score is worse than the overall one by more than this share of it.
WEAK_SHARE = 0.1

#: Below this many sequences one of them decides an attribute's score, which is then marked.
FEW_SEQUENCES = 5

#: Weak attributes that the sentence names beside the weakest.
ALSO_NAMED = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class AttributeRow:
    """An attribute beside the overall score.

    Attributes:
        name: abbreviation or tag.
        title: full name, empty where none is known.
        source: ``labelled`` or ``derived``.
        sequences: that hold it.
        score: by the metric that attributes are judged by.
        change: the score minus the overall one; None where either is missing.
        weak: see :data:`WEAK_SHARE`.
    """

    name: str
    title: str
    source: str
    sequences: int
    score: float | None
    change: float | None
    weak: bool

    @property
    def few(self) -> bool:
        """Whether it rests on few sequences."""
        return self.sequences < FEW_SEQUENCES

    @property
    def full_name(self) -> str:
        """Such as ``FM, fast motion``."""
        return f"{self.name}, {self.title}" if self.title else self.name


@dataclass(frozen=True, slots=True, kw_only=True)
class Findings:
    """What the attributes say about a tracker.

    Attributes:
        metric: that they are judged by; None where no attribute has a score.
        overall: score by it.
        rows: the worst first, those without a score last.
        heading: the weakest attribute in a few words, or that there is none.
        details: by how much, over how many sequences, and what else is weak.
    """

    metric: Metric | None
    overall: float | None
    rows: tuple[AttributeRow, ...]
    heading: str
    details: str

    @property
    def worse_side(self) -> str:
        """On which side of the overall score a worse one lies: ``below`` or ``above``."""
        return "below" if self.metric is None or self.metric.higher_is_better else "above"


def find_weakness(result: EvaluationResult) -> Findings:
    """What the attributes of an evaluation say about the tracker."""
    scores = [item.scores for item in result.attributes.values()]
    judging = scored_metrics(scored_metrics(result.metrics, [result.overall]), scores)
    metric = judging[0] if judging else None
    overall = None if metric is None else result.overall[metric.key]
    if metric is None or overall is None:
        unjudged = tuple(_row(name, item, None, None) for name, item in result.attributes.items())
        heading, details = _nothing_to_judge(result)
        return Findings(metric=None, overall=None, rows=unjudged, heading=heading, details=details)
    rows = [_row(name, item, metric, overall) for name, item in result.attributes.items()]
    sign = 1.0 if metric.higher_is_better else -1.0
    rows.sort(key=lambda row: float("inf") if row.score is None else sign * row.score)
    heading, details = _sentence(metric, overall, rows)
    return Findings(metric=metric, overall=overall, rows=tuple(rows), heading=heading, details=details)


def attribute_title(name: str) -> str:
    """The full name of an attribute; empty where none is known, or where it says no more than the short one."""
    title = ATTRIBUTES[name].title if name in ATTRIBUTES else ""
    return "" if title == name.replace("_", " ") else title


def scored_metrics(metrics: Iterable[Metric], scores: Items[Mapping[str, float | None]]) -> list[Metric]:
    """The metrics for which any of ``scores`` has a value: sequences, for one, have no EAO."""
    return [item for item in metrics if any(each.get(item.key) is not None for each in scores)]


def _row(name: str, attribute: AttributeResult, metric: Metric | None, overall: float | None) -> AttributeRow:
    score = None if metric is None else attribute.scores.get(metric.key)
    change, weak = None, False
    if metric is not None and score is not None and overall is not None:
        change = score - overall
        weak = _loss(metric, change) > WEAK_SHARE * abs(overall)
    return AttributeRow(
        name=name,
        title=attribute_title(name),
        source=attribute.source,
        sequences=attribute.sequences,
        score=score,
        change=change,
        weak=weak,
    )


def _nothing_to_judge(result: EvaluationResult) -> tuple[str, str]:
    if not result.attributes:
        details = "No sequence holds a challenging attribute, or they were not asked for (sdst-edge eval --attributes)."
        return "No attributes", details
    return "No attribute has a score", "The rule gives none for the sequences that hold the attributes."


def _sentence(metric: Metric, overall: float, rows: Items[AttributeRow]) -> tuple[str, str]:
    """Heading and details; the first row has a score."""
    worst, weak = rows[0], [row for row in rows if row.weak]
    assert worst.change is not None
    side = "below" if worst.change < 0 else "above"
    texts = score_text(metric, worst.score), score_text(metric, overall)
    if not weak and (_loss(metric, worst.change) <= 0 or texts[0] == texts[1]):
        return "No weak attribute", f"None has a worse {metric.label} than {texts[1]} overall."
    alike = (
        sum(score_text(metric, row.score) == texts[0] for row in rows) - 1
    )  # as where one sequence alone holds several
    heading = f"Weakest: {worst.full_name}"
    heading += f", and {alike} alike" if alike else ""
    heading += f" ({_only(worst)})" if worst.few else ""
    heading += "" if weak else ", but close to overall"
    gap = change_text(metric, abs(worst.change)).lstrip("+")
    label = metric.label[:1].upper() + metric.label[1:]
    lead = f"{label} {texts[0]}, {gap} {side} its overall {texts[1]}"
    solid = [row for row in weak if not row.few]
    rest = [row for row in weak if row is not worst]
    details = f"{lead}, {_over(worst)}."
    if worst.few and solid:
        details += f" The weakest over {FEW_SEQUENCES} sequences or more: {_brief(metric, solid[0])}."
        rest.remove(solid[0])
    if rest:
        details += f" Also weak: {_listed([_brief(metric, row) for row in rest])}."
    return heading, details


def _loss(metric: Metric, change: float) -> float:
    """How much worse a score is that differs from another by ``change``."""
    return -change if metric.higher_is_better else change


def _over(row: AttributeRow) -> str:
    return f"over {_only(row) if row.few else count_text(row.sequences, 'sequence')}"


def _only(row: AttributeRow) -> str:
    return f"only {count_text(row.sequences, 'sequence')}"


def _brief(metric: Metric, row: AttributeRow) -> str:
    return f"{row.full_name} ({score_text(metric, row.score)}, {_over(row)})"


def _listed(items: list[str]) -> str:
    shown = items[:ALSO_NAMED]
    if len(items) > ALSO_NAMED:
        return f"{'; '.join(shown)}; and {len(items) - ALSO_NAMED} more"
    return "; ".join(shown)
