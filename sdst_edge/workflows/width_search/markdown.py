"""The table of a width search as Markdown."""

from __future__ import annotations

from sdst_edge.workflows.report.numbers import MISSING, score_text
from sdst_edge.workflows.trials.markdown import markdown_table
from sdst_edge.workflows.width_search.table import WidthRow, WidthTable

__all__ = ["width_markdown"]


def width_markdown(table: WidthTable) -> str:
    """The whole page: candidates by size, what became of each, and how to read it."""
    parts = [f"# Widths of {table.family} within {table.budget_ms:g} ms"]
    if table.command:
        parts.append(f"`{table.command}`")
    if table.best is None:
        parts.append("**Not finished.** The same command goes on.")
    parts += [_candidates(table), _notes(table)]
    return "\n\n".join(parts) + "\n"


def _candidates(table: WidthTable) -> str:
    figures = ["width", "depth", "parameters", "frame ms", "fastest to slowest round"]
    for rung in table.rungs:
        label = "score" if table.metric is None else table.metric.label
        figures += [f"{label}, {rung.steps:,} steps", "reward"]
    rows = [_row(table, row) for row in table.rows]
    if table.frame_times.by_name.keys() >= {table.teacher}:
        time = table.frame_times.by_name[table.teacher]
        teacher = [f"teacher: {table.teacher}", MISSING, MISSING, MISSING]
        teacher += [f"{time.ms:.2f}", f"{time.low:.2f} to {time.high:.2f}"]
        for rung in table.rungs:
            teacher += [MISSING if table.metric is None else score_text(table.metric, rung.teacher), MISSING]
        rows.append([*teacher, ""])
    cells = [[row[0], row[-1], *row[1:-1]] for row in rows]
    return markdown_table(["candidate", ""], figures, cells)


def _row(table: WidthTable, row: WidthRow) -> list[str]:
    cells = [row.name, f"{row.options.width:g}", f"{row.options.depth:g}", f"{row.parameters:,}"]
    cells += [f"{row.time.ms:.2f}", f"{row.time.low:.2f} to {row.time.high:.2f}"]
    for number in range(len(table.rungs)):
        score = row.scores[number] if number < len(row.scores) else None
        if score is None or table.metric is None:
            cells += [MISSING, MISSING]
        else:
            cells += [score_text(table.metric, score.value), f"{score.reward:.3f}"]
    return [*cells, _fate(table, row)]


def _fate(table: WidthTable, row: WidthRow) -> str:
    """What became of a candidate."""
    if not row.fits:
        return "too slow" if row.time.low > table.budget_ms else "too slow by less than the noise"
    if row.name == table.best:
        return "**chosen**"
    return "in the budget by less than the noise" if row.time.high > table.budget_ms else ""


def _notes(table: WidthTable) -> str:
    notes = [
        f"Frame time: {table.frame_times.text}. Candidates are timed untrained: speed does not depend on weights. A "
        "candidate whose median is over the budget is out; fastest and slowest round show the noise.",
        "Reward: R = C (2 - C) a / a_t with C = 1 - t / t_t (N2N, with frame time in the place of parameters); a is "
        f"the score, t the frame time, a_t and t_t those of {table.teacher}. After each rung the better half goes on, "
        "trained anew for twice the steps.",
    ]
    if table.metric is not None:
        notes.append(
            f"Scores are over {table.sequences} sequences of {table.dataset}, one seed; {table.rule_text}. They chose "
            "the candidate: report a final score on other data."
        )
    notes += [f"{name} is the same network as {other}." for name, other in table.same.items()]
    if table.overrides:
        notes.append(f"Set on top of {table.recipe}: {', '.join(f'`{text}`' for text in table.overrides)}.")
    return "\n".join(f"* {note}" for note in notes)
