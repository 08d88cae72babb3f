"""What a training run is made of, read from TOML."""

from __future__ import annotations

import math
import sys
from dataclasses import dataclass, field
from pathlib import Path

from sdst_runtime.errors import ConfigError
from sdst_runtime.strict import from_plain

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

__all__ = ["DEMO_RECIPE", "Augmentation", "Recipe", "RenderedPool", "load_recipe"]

#: The recipe of ``sdst-edge demo``.
DEMO_RECIPE = Path(__file__).parent / "recipes" / "demo.toml"


@dataclass(frozen=True, slots=True, kw_only=True)
class Augmentation:
    """How far a training pair strays from the annotation, each uniformly up to the value either way.

    Attributes:
        shift_px: of the search centre along each axis, network px.
        scale_octaves: of the size that the tracker believes in, powers of two.
        aspect_octaves: of its aspect ratio, powers of two.
        gain: factor 1 +- gain on all pixels, 0..1.
        tint: factor 1 +- tint on each channel, 0..1.
        offset: added to all pixels, grey levels.
        flip: probability of mirroring both frames, 0..1.
    """

    shift_px: float = 48.0
    scale_octaves: float = 0.3
    aspect_octaves: float = 0.15
    gain: float = 0.2
    tint: float = 0.05
    offset: float = 12.0
    flip: float = 0.5

    def __post_init__(self) -> None:
        _require("augmentation.shift_px", self.shift_px, 0.0, 4096.0)
        _require("augmentation.scale_octaves", self.scale_octaves, 0.0, 4.0)
        _require("augmentation.aspect_octaves", self.aspect_octaves, 0.0, 4.0)
        _require("augmentation.gain", self.gain, 0.0, 1.0)
        _require("augmentation.tint", self.tint, 0.0, 1.0)
        _require("augmentation.offset", self.offset, 0.0, 255.0)
        _require("augmentation.flip", self.flip, 0.0, 1.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class RenderedPool:
    """Rendered clips to train on.

    Attributes:
        clips: how many, each with its own target and ground.
        frames: kept of each clip.
        frame_step: frames of the clip from one kept to the next.
        first_seed: of the first clip; the others follow.
        size_wh: of the frames, px.
        distractors: objects beside the target; many teach a network to look at the template, not for any object.
    """

    clips: int = 400
    frames: int = 2
    frame_step: int = 45
    first_seed: int = 1_000_000
    size_wh: tuple[int, int] = (480, 360)
    distractors: int = 7

    def __post_init__(self) -> None:
        _require("clips.clips", self.clips, 1, 1_000_000)
        _require("clips.frames", self.frames, 2, 10_000)
        _require("clips.frame_step", self.frame_step, 1, 10_000)
        _require("clips.distractors", self.distractors, 0, 1000)
        _require("clips.first_seed", self.first_seed, 0, 2**62)


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """A training run.

    Attributes:
        seed: of weights, pairs and augmentation.
        seconds: time budget of the loop, or 0 for none.
        steps: budget of optimiser steps, or 0 for none; the first budget to run out ends the run.
        batch_size: pairs a step.
        search_cells: side of the search region in cells while training, or 0 for the tracker's own; a smaller one
            takes less time and shows less ground.
        lr: highest learning rate; it follows a cosine to 0 over the budget.
        warmup: share of the budget in which the rate rises from 0, 0..1.
        weight_decay: of AdamW, on weights of two and more dimensions.
        ema_decay: of the running mean of the weights that the result is, 0..1; 0 for the last weights.
        box_weight: of the box loss against the score loss.
        augmentation: of the pairs.
        clips: rendered clips to train on.
    """

    seed: int = 0
    seconds: float = 60.0
    steps: int = 0
    batch_size: int = 32
    search_cells: int = 0
    lr: float = 3e-3
    warmup: float = 0.15
    weight_decay: float = 0.05
    ema_decay: float = 0.98
    box_weight: float = 1.0
    augmentation: Augmentation = field(default_factory=Augmentation)
    clips: RenderedPool = field(default_factory=RenderedPool)

    def __post_init__(self) -> None:
        _require("seed", self.seed, 0, 2**62)
        _require("seconds", self.seconds, 0.0, 1e9)
        _require("steps", self.steps, 0, 10**9)
        _require("batch_size", self.batch_size, 2, 65536)
        _require("search_cells", self.search_cells, 0, 1024)
        _require("lr", self.lr, 1e-9, 10.0)
        _require("warmup", self.warmup, 0.0, 1.0)
        _require("weight_decay", self.weight_decay, 0.0, 10.0)
        _require("ema_decay", self.ema_decay, 0.0, 0.999999)
        _require("box_weight", self.box_weight, 0.0, 1e3)
        if self.seconds == 0 and self.steps == 0:
            raise ConfigError("recipe: neither seconds nor steps is set, so training would never end; set one")


def load_recipe(path: Path) -> Recipe:
    """The recipe at ``path``; use :func:`dataclasses.replace` to change it.

    Raises:
        ConfigError: the file is missing or no TOML, or holds an unknown key, a wrong type or a value out of range.
    """
    try:
        plain = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"recipe {path} cannot be read: {error}") from None
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"recipe {path} is no valid TOML: {error}") from None
    return from_plain(Recipe, plain, where=f"recipe {path.name}", error=ConfigError)


def _require(name: str, value: float, low: float, high: float) -> None:
    if not (math.isfinite(value) and low <= value <= high):
        raise ConfigError(f"recipe: {name} is {value}, expected a number in [{low:g}, {high:g}]")
