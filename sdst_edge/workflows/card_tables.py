"""The tables of a model card, in Markdown: our trackers and others on one data set, what they cost, what is shipped."""

from __future__ import annotations

from collections.abc import Iterable
from collections.abc import Sequence as Items
from dataclasses import dataclass

from sdst_edge.datasets.attributes import ATTRIBUTES
from sdst_edge.evaluation.compare import FEWEST_CLEAR, Comparison, Difference, compare_results
from sdst_edge.evaluation.result import EvaluationResult
from sdst_edge.evaluation.rules.rule import Metric
from sdst_edge.workflows.failures import ChallengeRuns
from sdst_edge.workflows.report.numbers import MISSING, change_text, score_text
from sdst_edge.workflows.trials.markdown import markdown_table
from sdst_runtime.errors import ConfigError

__all__ = [
    "CardRow",
    "Cost",
    "StartRow",
    "attributes_part",
    "check_names",
    "failures_part",
    "files_part",
    "overall_part",
    "sequences_part",
    "starts_part",
]


#: Below it, a ratio of frame times has a third decimal.
SMALL_RATIO = 0.1


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """What a tracker takes; None where it is not known.

    Attributes:
        parameters: of its networks.
        macs: multiply-accumulates of a frame.
        size_bytes: of its files.
    """

    parameters: int | None = None
    macs: int | None = None
    size_bytes: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CardRow:
    """One tracker.

    Attributes:
        result: on the data set; its ``tracker`` is the name that tables show.
        cost: what it takes.
        update_ms: median of ``update()`` in a run beside the reference; None where it was not timed.
        ratio: of that to the reference's median in the same run; None where there was no reference.
    """

    result: EvaluationResult
    cost: Cost
    update_ms: float | None = None
    ratio: float | None = None

    @property
    def name(self) -> str:
        """Of the tracker."""
        return self.result.tracker


@dataclass(frozen=True, slots=True, kw_only=True)
class StartRow:
    """What one variant takes of memory and time before its first box.

    Attributes:
        name: of the variant.
        track_bytes: peak RSS of the whole ``sdst-edge track``; None where the host does not tell it.
        runtime_bytes: peak RSS of a process that imports the runtime alone; likewise.
        first_box_ms: from the start of that process to its first box.
    """

    name: str
    track_bytes: int | None
    runtime_bytes: int | None
    first_box_ms: float


def check_names(names: Iterable[str]) -> None:
    """Refuses rows that could not be told apart.

    Raises:
        ConfigError: two have one name.
    """
    seen: set[str] = set()
    for name in names:
        if name in seen:
            raise ConfigError(f"two trackers are called {name}; rename the folder of one of them")
        seen.add(name)


def overall_part(rows: Items[CardRow], reference: str) -> str:
    """A row a tracker: its scores, how far it is from the first row, what it costs.

    Args:
        rows: at least one, ours first, all of one data set and rule.
        reference: name of the tracker that ``ratio`` is to.

    Raises:
        ConfigError: two rows have one name.
        DatasetError: the rows cannot be compared.
    """
    check_names(row.name for row in rows)
    first = rows[0].result
    comparison = compare_results([row.result for row in rows]) if len(rows) > 1 else None
    headline, *others = first.metrics
    figures = [headline.label, f"to {first.tracker}, 95 %", *(metric.label for metric in others)]
    figures += ["M params", "MMACs a frame", "MB", "p50, ms", f"of {reference}'s p50"]
    contrasts = (
        {} if comparison is None else {item.tracker: item.overall[headline.key] for item in comparison.contrasts}
    )
    body = [_overall_cells(row, headline, others, contrasts.get(row.name)) for row in rows]
    frames = sum(item.scored for item in first.sequences)
    notes = [f"{len(first.sequences)} sequences, {frames:,} scored frames of {first.dataset}; {first.rule_text}."]
    if comparison is not None:
        notes.append(_interval_note(comparison))
    return "\n\n".join([markdown_table(["tracker"], figures, body), " ".join(notes)])


def sequences_part(rows: Items[CardRow]) -> str:
    """The headline score by sequence, a column a tracker."""
    metric = rows[0].result.metrics[0]
    scores = [{item.name: item.scores.get(metric.key) for item in row.result.sequences} for row in rows]
    body = [
        [item.name, str(item.scored), *(score_text(metric, column.get(item.name)) for column in scores)]
        for item in rows[0].result.sequences
    ]
    body.append(["mean", "", *(score_text(metric, row.result.overall.get(metric.key)) for row in rows)])
    return markdown_table(["sequence"], ["frames", *(row.name for row in rows)], body)


def attributes_part(rows: Items[CardRow]) -> str:
    """The headline score over the sequences that hold each attribute, a column a tracker."""
    first = rows[0].result
    metric = first.metrics[0]
    body = []
    for name, item in first.attributes.items():
        columns = [row.result.attributes.get(name) for row in rows]
        cells = [score_text(metric, None if one is None else one.scores.get(metric.key)) for one in columns]
        title = ATTRIBUTES[name].title if name in ATTRIBUTES else ""
        body.append([name, title, str(item.sequences), *cells])
    return markdown_table(["attribute", "in full"], ["sequences", *(row.name for row in rows)], body)


def files_part(files: Items[tuple[str, int]]) -> str:
    """A row a file: its name and size, bytes; the sum below."""
    body = [[f"`{name}`", f"{size:,}"] for name, size in files]
    body.append(["together", f"{sum(size for _, size in files):,}"])
    return markdown_table(["file"], ["bytes"], body)


def starts_part(rows: Items[StartRow], footage: str) -> str:
    """A row a variant.

    Args:
        rows: at least one.
        footage: that ``sdst-edge track`` was run on, in words.
    """
    figures = ["peak RSS of `sdst-edge track`, MB", "of the runtime alone, MB", "process to first box, s"]
    body = [
        [row.name, _megabytes(row.track_bytes), _megabytes(row.runtime_bytes), f"{row.first_box_ms / 1e3:.2f}"]
        for row in rows
    ]
    return "\n\n".join(
        [markdown_table(["variant"], figures, body), f"`sdst-edge track` on {footage}; MB are 10^6 bytes."]
    )


def failures_part(runs: Items[ChallengeRuns], pictures: Items[tuple[ChallengeRuns, str]], clips: str) -> str:
    """A row a challenge, and the pictures of the worst ones.

    Args:
        runs: one a challenge.
        pictures: those that are shown, each with the address of its picture.
        clips: that were followed, in words.
    """
    body = []
    for item in runs:
        aucs = item.success_aucs
        cells = [f"{sum(aucs) / len(aucs):.3f}", f"{min(aucs):.3f}", f"{item.lost} of {len(aucs)}"]
        body.append([item.attribute, ATTRIBUTES[item.attribute].title, *cells])
    table = markdown_table(["challenge", "in full"], ["mean success AUC", "lowest", "clips in which it is lost"], body)
    shown = [f"{_caption(item)}\n\n![{_caption(item)}]({address})" for item, address in pictures]
    return "\n\n".join([table, f"{clips}.", *shown])


def _caption(item: ChallengeRuns) -> str:
    title = ATTRIBUTES[item.attribute].title.capitalize()
    return f"{title} ({item.worst.clip.name}), success AUC {item.worst.success_auc:.3f}"


def _overall_cells(row: CardRow, headline: Metric, others: Items[Metric], contrast: Difference | None) -> list[str]:
    scores = row.result.overall
    return [
        row.name,
        score_text(headline, scores.get(headline.key)),
        MISSING if contrast is None else _difference(headline, contrast),
        *(score_text(metric, scores.get(metric.key)) for metric in others),
        MISSING if row.cost.parameters is None else f"{row.cost.parameters / 1e6:.3f}",
        MISSING if row.cost.macs is None else f"{row.cost.macs / 1e6:.0f}",
        MISSING if row.cost.size_bytes is None else f"{row.cost.size_bytes / 1e6:.2f}",
        MISSING if row.update_ms is None else f"{row.update_ms:.2f}",
        MISSING if row.ratio is None else f"{row.ratio:.{2 if row.ratio >= SMALL_RATIO else 3}f}",
    ]


def _difference(metric: Metric, contrast: Difference) -> str:
    text = change_text(metric, contrast.difference)
    if contrast.low is None or contrast.high is None:
        return text
    mark = "\\*" if contrast.clear else ""
    return f"{text}{mark} ({change_text(metric, contrast.low)} to {change_text(metric, contrast.high)})"


def _interval_note(comparison: Comparison) -> str:
    drawn = f"{comparison.bootstrap.resamples:,} resamples, seed {comparison.bootstrap.seed}"
    return (
        f"Differences are to {comparison.baseline}, positive where the other tracker is better, with 95 % intervals of "
        f"a paired bootstrap over sequences ({drawn}); an asterisk marks those that leave out 0, over "
        f"{FEWEST_CLEAR} sequences or more."
    )


def _megabytes(size_bytes: int | None) -> str:
    return "not measured" if size_bytes is None else f"{size_bytes / 1e6:.0f}"
