"""Clips with a challenge each, made from one clip: chosen, shown on a sheet, and written to be evaluated."""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Callable
from collections.abc import Sequence as Items
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from sdst_edge.datasets import Sequence, render_clip, write_got10k_sequence
from sdst_edge.datasets.attributes import ATTRIBUTES, LASOT, describe_sequence
from sdst_edge.datasets.simulation import EFFECTS, simulate_clip
from sdst_edge.workflows.output_files import replacing
from sdst_edge.workflows.simulation_sheet import simulation_sheet
from sdst_runtime.errors import ConfigError, SdstError

__all__ = ["SIMULATED", "SimulatedClip", "rendered_clips", "simulated_clips", "write_clips", "write_sheet"]

#: What can be simulated, in LaSOT's order.
SIMULATED = tuple(name for name in ATTRIBUTES if name in EFFECTS)


@dataclass(frozen=True, slots=True)
class SimulatedClip:
    """A clip and the challenge that was put into it.

    Attributes:
        attribute: its name.
        sequence: the clip; its ``frame_attributes`` say where the challenge shows.
    """

    attribute: str
    sequence: Sequence

    @property
    def shown_frames(self) -> int:
        """How many frames carry the attribute."""
        return int(np.count_nonzero(self.sequence.frame_attributes[self.attribute]))

    @property
    def absent_frames(self) -> int:
        """In how many frames the target is not visible."""
        return int(np.count_nonzero(~self.sequence.visible))


def simulated_clips(original: Sequence, attributes: Items[str], *, seed: int, strength: float) -> list[SimulatedClip]:
    """A sequence with one attribute after another.

    Args:
        original: not modified.
        attributes: in ``SIMULATED``.
        seed: >= 0.
        strength: in (0, 1].

    Raises:
        ConfigError: an argument out of its range.
    """
    return [SimulatedClip(name, simulate_clip(original, name, seed=seed, strength=strength)) for name in attributes]


def rendered_clips(seed: int, attributes: Items[str]) -> list[SimulatedClip]:
    """The rendered clip of a seed with one attribute after another.

    Raises:
        ConfigError: an argument out of its range.
    """
    return [SimulatedClip(name, render_clip(seed, attribute=name)) for name in attributes]


def write_sheet(path: Path, clips: Items[SimulatedClip], *, columns: int) -> None:
    """Writes a picture of the clips, a row for each; see :func:`~sdst_edge.workflows.simulation_sheet`.

    Raises:
        ConfigError: the folder does not exist, or the name is that of no picture.
        DatasetError: a frame cannot be read.
        SdstError: it cannot be written.
    """
    import cv2

    if path.suffix.lower() not in (".png", ".jpg", ".jpeg"):
        raise ConfigError(f"{path} is no name of a picture, expected one that ends in .png or .jpg")
    with replacing(path) as part:
        sheet = simulation_sheet([(clip.attribute, clip.sequence) for clip in clips], columns=columns)
        if not cv2.imwrite(str(part), sheet):
            raise SdstError(f"{path} cannot be written; check permissions and space")


def write_clips(
    folder: Path, clips: Items[SimulatedClip], on_progress: Callable[[float, float | None, str], None] | None = None
) -> None:
    """Writes the clips in the GOT-10k layout with an ``attributes.json``, all of them or none.

    Args:
        folder: to make.
        clips: frames are painted one by one.
        on_progress: called before each clip with the number done, the number in all and its name.

    Raises:
        ConfigError: the folder exists already.
        DatasetError: a frame cannot be read or written.
    """
    if os.path.lexists(folder):
        raise ConfigError(f"{folder} exists; choose a folder that does not exist yet")
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.parent, prefix=f".{folder.name}.") as temporary:
        made = Path(temporary) / "clips"
        made.mkdir()
        for number, clip in enumerate(clips):
            if on_progress is not None:
                on_progress(number, len(clips), clip.sequence.name)
            write_got10k_sequence(made / clip.sequence.name, clip.sequence)
        names = "".join(f"{clip.sequence.name}\n" for clip in clips)
        (made / "list.txt").write_text(names, encoding="utf-8")
        records = {clip.sequence.name: describe_sequence(clip.sequence, LASOT, "sdst-edge simulate") for clip in clips}
        (made / "attributes.json").write_text(json.dumps(records, indent=1) + "\n", encoding="utf-8")
        made.replace(folder)
    if on_progress is not None:
        on_progress(len(clips), len(clips), "")
