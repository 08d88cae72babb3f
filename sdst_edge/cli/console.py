"""What leaves a command: figures on stdout; progress and remarks on stderr."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Protocol, TypeAlias

import typer

from sdst_runtime.strict import to_plain

if TYPE_CHECKING:
    from rich.console import RenderableType
    from rich.progress import Progress, TaskID

__all__ = ["Bar", "StageBars", "facts_text", "note", "print_json", "print_rich", "progress_bar", "stage_bars"]

#: Columns of a pipe or a file: wide enough that no table is cut off.
PIPED_WIDTH = 200
#: Columns that no table takes.
UNBOUNDED = 100_000

#: Moves a progress bar: amount done, amount in all or None when nobody knows, and what is being done.
Bar: TypeAlias = Callable[[float, float | None, str], None]


class StageBars(Protocol):
    """Moves the bar of a stage."""

    def __call__(self, stage: str, share: float, text: str = "") -> None:
        """Shows the share of a stage that is done, 0..1, and what there is to say of it."""
        ...


def print_json(value: object) -> None:
    """Writes a dataclass, a mapping or a list to stdout as indented JSON."""
    typer.echo(json.dumps(to_plain(value), indent=2, ensure_ascii=False, allow_nan=False))


def print_rich(*renderables: RenderableType) -> None:
    """Writes texts and tables of rich to stdout; where words do not fit, the terminal wraps lines: none is cut off."""
    from rich.console import Console

    console = Console(width=None if sys.stdout.isatty() else PIPED_WIDTH, highlight=False, markup=False, emoji=False)
    (width, height), unbounded = console.size, console.options.update(width=UNBOUNDED)
    for renderable in renderables:
        console.size = (max(width, console.measure(renderable, options=unbounded).minimum), height)
        console.print(renderable, soft_wrap=isinstance(renderable, str))


def facts_text(rows: Iterable[tuple[str, str]]) -> str:
    """One line a row, names and values in two columns; rows whose value is empty are left out."""
    shown = [(name, value) for name, value in rows if value]
    width = max(len(name) for name, _ in shown)
    return "\n".join(f"{name:{width}}  {value}" for name, value in shown)


def note(text: str) -> None:
    """Writes a remark to stderr."""
    typer.echo(text, err=True)


@contextmanager
def progress_bar(description: str, *, hidden: bool = False) -> Iterator[Bar]:
    """A bar on stderr from its first move on; where that is no terminal, only its last state is written.

    Args:
        description: in front of the bar.
        hidden: draw nothing, for output that other programs read as it comes.
    """
    with ExitStack() as stack:
        drawn: tuple[Progress, TaskID] | None = None

        def move(done: float, total: float | None, text: str) -> None:
            nonlocal drawn
            if hidden:
                return
            if drawn is None:  # rich takes time and memory, which a bar that is never moved does not need
                progress = stack.enter_context(_progress())
                drawn = progress, progress.add_task(description, total=None)
                progress.start()
            progress, task = drawn
            shown = f"{description}: {text}" if text else description
            progress.update(task, completed=done, total=total, description=shown)

        yield move


@contextmanager
def stage_bars(*, hidden: bool = False, timing: bool = False) -> Iterator[StageBars]:
    """Bars on stderr, one below the other: a new one for each stage that is named.

    Args:
        hidden: draw nothing, for a process that another one speaks for.
        timing: draw at each move and at no other time, for work that is timed between them: the thread that would draw
            ten times a second takes Python from it, by which its mean was found 4 to 9 % longer.
    """
    with _progress(hidden=hidden, by_itself=not timing) as progress:
        tasks: dict[str, TaskID] = {}

        def move(stage: str, share: float, text: str = "") -> None:
            progress.start()
            if stage not in tasks:
                for task in tasks.values():
                    progress.update(task, completed=1.0)
                tasks[stage] = progress.add_task(stage, total=1.0)
            shown = f"{stage}: {text}" if text else stage
            progress.update(tasks[stage], completed=share, description=shown, refresh=timing)

        yield move


@contextmanager
def _progress(*, hidden: bool = False, by_itself: bool = True) -> Iterator[Progress]:
    """Bars that are not drawn before they are started, so that an early error stands alone.

    Args:
        hidden: draw nothing.
        by_itself: a thread draws them ten times a second.
    """
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

    progress = Progress(
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        TextColumn("{task.percentage:>3.0f}%"),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
        console=Console(stderr=True),
        redirect_stdout=False,  # else rich sends results to stderr while the bar is on a terminal
        disable=hidden,
        auto_refresh=by_itself,
    )
    try:
        yield progress
    finally:
        if progress.live.is_started:
            progress.stop()
