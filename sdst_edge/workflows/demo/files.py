"""Where the demo's files lie, and how they get there: all of them, or none."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from sdst_runtime.errors import ConfigError, SdstError

__all__ = ["DemoPaths", "check_target", "workplace"]


@dataclass(frozen=True, slots=True)
class DemoPaths:
    """The demo's files by what they are; network and bundle are there where the demo has trained.

    Attributes:
        folder: that holds them.
    """

    folder: Path

    @property
    def report(self) -> Path:
        """What happened, with the figures and the commands that give them again; Markdown."""
        return self.folder / "report.md"

    @property
    def video(self) -> Path:
        """The clip with the tracker's box, its score, and the true box."""
        return self.folder / "tracked.mp4"

    @property
    def picture(self) -> Path:
        """A few frames of the video."""
        return self.folder / "tracked.png"

    @property
    def clip(self) -> Path:
        """The clip that is tracked, as a sequence in the GOT-10k layout."""
        return self.folder / "clip"

    @property
    def clip_video(self) -> Path:
        """The same clip as a video."""
        return self.folder / "clip.mp4"

    @property
    def checkpoint(self) -> Path:
        """The trained network."""
        return self.folder / "sdst-nano.safetensors"

    @property
    def bundle(self) -> Path:
        """The network as a device runs it."""
        return self.folder / "bundle"

    @property
    def figures(self) -> Path:
        """All figures of the report as JSON."""
        return self.folder / "demo.json"

    def by_name(self, *, trained: bool) -> dict[str, Path]:
        """What a demo leaves, by the names above.

        Args:
            trained: whether it has trained a network of its own.
        """
        names = ("report", "video", "picture", "clip", "clip_video", "figures")
        own = ("checkpoint", "bundle") if trained else ()
        return {name: getattr(self, name) for name in (*names, *own)}


def check_target(out: Path) -> None:
    """Refuses a folder whose files the demo would mix with or replace.

    Raises:
        ConfigError: it is a file, or holds something and no earlier demo.
    """
    if out.exists() and not out.is_dir():
        raise ConfigError(f"{out} is a file, expected a folder to make")
    if out.is_dir() and any(out.iterdir()) and not DemoPaths(out).figures.is_file():
        raise ConfigError(f"{out} holds files and no earlier demo; choose another folder, or empty this one")


@contextmanager
def workplace(out: Path) -> Iterator[DemoPaths]:
    """A temporary folder beside ``out``, whose files move there when the block ends without an error.

    An earlier demo's files go, also those that this one has none of; others stay.

    Raises:
        SdstError: the folder cannot be made, or the files cannot be moved.
    """
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=out.parent, prefix=f".{out.name}.") as temporary:
            work = DemoPaths(Path(temporary))
            yield work
            _publish(work.folder, out)
    except OSError as error:
        raise SdstError(f"{out} cannot be written: {error}") from None


def _publish(work: Path, out: Path) -> None:
    """Moves an earlier demo out of the way, and what was made into place; after an error, all of it back."""
    files = sorted(work.iterdir())
    earlier = {path.name for path in DemoPaths(out).by_name(trained=True).values()}
    replaced = work / "replaced"
    replaced.mkdir()
    out.mkdir(exist_ok=True)
    done: list[tuple[Path, Path]] = []
    try:
        for name in sorted(earlier | {made.name for made in files}):
            if os.path.lexists(out / name):
                _move(out / name, replaced / name, done)
        for made in files:
            _move(made, out / made.name, done)
    except BaseException:
        for source, target in reversed(done):
            target.replace(source)
        raise


def _move(source: Path, target: Path, done: list[tuple[Path, Path]]) -> None:
    source.replace(target)
    done.append((source, target))
