"""The table of an ablation as Markdown."""

from __future__ import annotations

from sdst_edge.evaluation.compare import FEWEST_CLEAR, Difference
from sdst_edge.evaluation.rules.rule import Metric
from sdst_edge.workflows.ablation.table import STUDENT, AblationTable, ArmResult, TeacherResult
from sdst_edge.workflows.report.numbers import MISSING, change_text, score_text
from sdst_edge.workflows.trials.markdown import markdown_table

__all__ = ["ablation_markdown"]


def ablation_markdown(table: AblationTable) -> str:
    """The whole page: what was run, the arms, attributes, networks, and how to read them."""
    asked = table.asked
    parts = [f"# Ablation of {asked.recipe}"]
    if asked.command:
        parts.append(f"`{asked.command}`")
    if table.missing:
        total = len(asked.arms) * len(asked.seeds)
        parts.append(
            f"**Not finished: {len(table.missing)} of {total} runs are missing** ({'; '.join(table.missing)}). "
            "The same command goes on."
        )
    if table.metric is None:
        return "\n\n".join([*parts, "Nothing is evaluated yet."]) + "\n"
    parts += [_arms(table, table.metric), _attributes(table, table.metric), _differences(table, table.metric)]
    parts += [_networks(table, table.metric), _specialists(table, table.metric), _notes(table, table.metric)]
    return "\n\n".join(part for part in parts if part) + "\n"


def _arms(table: AblationTable, metric: Metric) -> str:
    figures = [metric.label, "each seed", f"to {table.baseline}", "95 % from", "to", "", "seconds"]
    rows = [
        [
            arm.arm,
            score_text(metric, arm.value),
            " ".join(score_text(metric, point.value) for point in arm.points) or MISSING,
            *_changes(metric, arm.difference),
            MISSING if arm.seconds is None else f"{arm.seconds:.0f}" if arm.seconds >= 10 else f"{arm.seconds:.1f}",
        ]
        for arm in table.arms
    ]
    return markdown_table(["arm"], figures, rows)


def _changes(metric: Metric, item: Difference | None) -> list[str]:
    """Difference, ends of its interval, and the mark of a clear one."""
    if item is None:
        return [MISSING, MISSING, MISSING, ""]
    return [change_text(metric, value) for value in (item.difference, item.low, item.high)] + [
        "*" if item.clear else ""
    ]


def _attributes(table: AblationTable, metric: Metric) -> str:
    """The headline figure by attribute and arm."""
    if not table.attributes:
        return ""
    rows = [
        [name, str(count), *(score_text(metric, arm.attributes.get(name)) for arm in table.arms)]
        for name, count in table.attributes.items()
    ]
    rows.append(["overall", str(table.sequences), *(score_text(metric, arm.value) for arm in table.arms)])
    return markdown_table([f"{metric.label} by attribute"], ["sequences", *(arm.arm for arm in table.arms)], rows)


def _differences(table: AblationTable, metric: Metric) -> str:
    """Differences to the baseline by attribute and arm, each with its interval."""
    others = [arm for arm in table.arms if arm.difference is not None]
    if not table.attributes or not others:
        return ""

    def cell(item: Difference | None) -> str:
        if item is None or item.difference is None:
            return MISSING
        text = change_text(metric, item.difference)
        if item.low is not None:
            text += f" ({change_text(metric, item.low)} to {change_text(metric, item.high)})"
        return text + ("*" if item.clear else "")

    rows = [
        [name, str(count), *(cell(arm.attribute_differences.get(name)) for arm in others)]
        for name, count in table.attributes.items()
    ]
    return markdown_table([f"difference to {table.baseline}"], ["sequences", *(arm.arm for arm in others)], rows)


def _networks(table: AblationTable, metric: Metric) -> str:
    """Student and general teachers: how large, how fast, how good."""
    if table.parameters is None:
        return ""
    student = [STUDENT, f"{table.parameters:,}", "1.0", *_times(table, STUDENT), MISSING]
    rows = [student] + [
        [
            f"teacher {item.name}",
            f"{item.parameters:,}",
            MISSING if item.compression is None else f"{item.compression:.1f}",
            *_times(table, item.name),
            score_text(metric, item.value),
        ]
        for item in table.general
    ]
    figures = ["parameters", "compression", "frame ms", "fastest to slowest round", metric.label]
    return markdown_table(["network"], figures, rows)


def _times(table: AblationTable, name: str) -> list[str]:
    time = None if table.frame_times is None else table.frame_times.by_name.get(name)
    return [MISSING, MISSING] if time is None else [f"{time.ms:.2f}", f"{time.low:.2f} to {time.high:.2f}"]


def _specialists(table: AblationTable, metric: Metric) -> str:
    """What specialised teachers know of their attribute beyond the general ones."""
    if not table.general or not table.specialised:
        return ""

    def row(item: TeacherResult) -> list[str]:
        own = score_text(metric, item.attributes.get(item.name))
        others = [score_text(metric, one.attributes.get(item.name)) for one in table.general]
        return [item.name, str(table.attributes.get(item.name, 0)), own, *others]

    columns = ["sequences", "specialised teacher", *(f"teacher {item.name}" for item in table.general)]
    return markdown_table([f"{metric.label} on its attribute"], columns, map(row, table.specialised))


def _notes(table: AblationTable, metric: Metric) -> str:
    asked, seeds = table.asked, len(table.asked.seeds)
    set_ = f"{table.sequences} sequences of {table.dataset} ({table.layout})"
    drawn = f"{asked.bootstrap.resamples} resamples, seed {asked.bootstrap.seed}"
    notes = [
        f"{set_}, all of them, {seeds} seed{'s' if seeds != 1 else ''} ({', '.join(map(str, asked.seeds))}); "
        f"{table.rule_text}. An arm's figure is the mean over its finished seeds; each seed is shown.",
        f"Every run: {asked.steps:,} steps of {asked.batch_size} pairs ({asked.steps * asked.batch_size:,} pairs), the "
        "same pairs in the same order for all arms of a seed. Teachers were trained once. Seconds are of the training "
        "loop, and say as much about what else the machine did.",
        "Of the students the set was used for these figures alone: the last weights of each run are scored; no "
        "checkpoint, seed or arm was chosen by it." + _chosen(table),
        f"Differences to {table.baseline}: each sequence's {metric.label} is averaged over the seeds that both arms "
        f"have finished, then the interval is drawn by paired bootstrap over sequences ({drawn}); * leaves out 0, over "
        f"{FEWEST_CLEAR} sequences or more. It says what other sequences might give; for what other seeds might, see "
        "how far those of an arm lie apart. Of many intervals about one in twenty leaves out 0 by chance.",
    ]
    if table.general and table.parameters is not None:
        notes.append("Compression: parameters of the teacher over the student's.")
    if table.frame_times is not None:
        notes.append(f"Frame time: {table.frame_times.text}. All arms share one architecture.")
    notes += [_partly(arm) for arm in table.arms if arm.missing and arm.points]
    if asked.overrides and not asked.command:
        notes.append(f"Set on top of the recipe: {', '.join(f'`{text}`' for text in asked.overrides)}.")
    return "\n".join(f"* {note}" for note in notes)


def _chosen(table: AblationTable) -> str:
    """Which teachers a validation set chose."""
    if not table.chosen:
        return ""
    told = ", ".join(f"{name} (by {path})" for name, path in table.chosen.items())
    return f" Teachers that are the best of several evaluated checkpoints of their run: {told}."


def _partly(arm: ArmResult) -> str:
    compared = f", compared over {len(arm.paired_seeds)}" if arm.difference is not None else ""
    return f"{arm.arm} has {len(arm.points)} seeds so far{compared}."
