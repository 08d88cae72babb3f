"""What a run trains on: where pairs come from, how they are drawn, and how they are kept."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from sdst_edge.datasets import LAYOUTS
from sdst_edge.training.recipe.ranges import require
from sdst_runtime.errors import ConfigError

__all__ = ["AugmentOn", "Cache", "CacheKind", "Data", "Loading", "RenderedPool", "Source"]

CacheKind: TypeAlias = Literal["none", "memory", "disk"]
AugmentOn: TypeAlias = Literal["auto", "workers", "device"]


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
        require("rendered.clips", self.clips, 1, 1_000_000)
        require("rendered.frames", self.frames, 2, 10_000)
        require("rendered.frame_step", self.frame_step, 1, 10_000)
        require("rendered.distractors", self.distractors, 0, 1000)
        require("rendered.first_seed", self.first_seed, 0, 2**62)


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """A data set, or rendered clips.

    With ``layout = "photos"`` a folder of photos that nobody annotated: windows of them are proposed as targets, and
    both sides of a pair come from one window. Such pairs, and negative ones with either side from such a source, are
    learned from through teachers alone (soft, guided, response, hint, attention, flow). Whatever is judged by an
    annotation leaves them out: the task losses, bounded, hard, the learning of adaptive weights, what a peer shares,
    and of specialised teachers with ``distillation.gate`` all that they say. A recipe needs a teacher for them.

    Attributes:
        path: of a data set's folder or list of sequences, as :func:`sdst_edge.datasets.open_dataset` takes it;
            relative to ``Data.root``. Empty for rendered clips.
        layout: of the data set.
        rendered: clips to render; None for a data set.
        weight: of the source among the others, > 0: how often it is drawn from, whatever its size.
        gap: most frames between the template and the search region of a pair, in the data set's own frames. Sequences
            of one frame (COCO) give pairs whose both sides come from that frame.
        frames_per_sequence: at most so many are used, evenly spaced; 0 for all. Bounds the cache.
    """

    path: str = ""
    layout: str = "auto"
    rendered: RenderedPool | None = None
    weight: float = 1.0
    gap: int = 100
    frames_per_sequence: int = 0

    def __post_init__(self) -> None:
        if bool(self.path) == (self.rendered is not None):
            raise ConfigError("recipe: a source has both path and rendered, or neither; expected one of them")
        require("sources.weight", self.weight, 1e-9, 1e9)
        require("sources.gap", self.gap, 0, 10**9)
        require("sources.frames_per_sequence", self.frames_per_sequence, 0, 10**9)

    @property
    def annotated(self) -> bool:
        """Whether somebody drew the boxes of its targets, as the layout says."""
        return self.layout not in LAYOUTS or LAYOUTS[self.layout].annotated


@dataclass(frozen=True, slots=True, kw_only=True)
class Data:
    """How pairs are drawn.

    Attributes:
        root: folder that the paths of sources are relative to.
        sources: at least one.
        negative_share: of all pairs: the search region shows another sequence's target, 0..1 (DaSiamRPN).
        hard_negative_share: of the negative pairs: the other target comes from the same source, 0..1.
        distractor_share: of the positive pairs: another sequence's target is pasted beside the target, 0..1.
        attributes: challenging attributes in the order of a pair's attribute vector, such as ``("FM", "FOC")``.
        attribute_share: of the positive pairs: drawn uniformly over ``attributes``, then over the sequences that hold
            the attribute, then over the frames that do, 0..1. The others are drawn over sources by weight.
        simulation_share: of the pairs drawn by attribute: the attribute is simulated in them, 0..1. One that no
            sequence holds is always simulated.
        simulation_strength: see :func:`sdst_edge.datasets.simulation.simulate_pair`, (0, 1].
    """

    root: str = "."
    sources: tuple[Source, ...] = ()
    negative_share: float = 0.0
    hard_negative_share: float = 0.5
    distractor_share: float = 0.0
    attributes: tuple[str, ...] = ()
    attribute_share: float = 0.0
    simulation_share: float = 0.3
    simulation_strength: float = 1.0

    def __post_init__(self) -> None:
        if not self.sources:
            raise ConfigError("recipe: data has no sources; add a table [[data.sources]] with path or rendered")
        for name in ("negative", "hard_negative", "distractor", "attribute", "simulation"):
            require(f"data.{name}_share", getattr(self, f"{name}_share"), 0.0, 1.0)
        require("data.simulation_strength", self.simulation_strength, 1e-3, 1.0)
        if self.attribute_share > 0 and not self.attributes:
            raise ConfigError("recipe: data.attribute_share is set and data.attributes is empty; name the attributes")
        if len(set(self.attributes)) != len(self.attributes):
            raise ConfigError(f"recipe: data.attributes names one twice: {', '.join(self.attributes)}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Cache:
    """Where region crops are kept once they have been cut.

    Attributes:
        kind: ``none``; ``memory``, shared by all workers of a process; ``disk``, a memory-mapped file that the next
            run finds again.
        folder: of the files; empty for where other caches of sdst-edge are.
        limit_gb: at most so much is kept, 10^9 bytes; what does not fit is cut anew each time. In memory each of the
            processes that train together has a cache of its own, and an even share of the limit.
    """

    kind: CacheKind = "memory"
    folder: str = ""
    limit_gb: float = 6.0

    def __post_init__(self) -> None:
        require("loading.cache.limit_gb", self.limit_gb, 0.0, 1e6)


@dataclass(frozen=True, slots=True, kw_only=True)
class Loading:
    """How pairs reach the network.

    Attributes:
        workers: processes that cut and augment; 0 for none but a thread of this process.
        ahead: batches that each keeps ready.
        region_scale: side of a region crop over that of the template crop; a region must hold the search region
            wherever augmentation puts it, what lies outside is filled with the border colour.
        augment_on: where crops are cut from regions and recoloured: in the ``workers``, or batched on the ``device``
            that trains; ``auto`` for the device where it is a GPU.
        cache: of the region crops.
    """

    workers: int = 1
    ahead: int = 3
    region_scale: float = 3.0
    augment_on: AugmentOn = "auto"
    cache: Cache = field(default_factory=Cache)

    def __post_init__(self) -> None:
        require("loading.workers", self.workers, 0, 256)
        require("loading.ahead", self.ahead, 1, 64)
        require("loading.region_scale", self.region_scale, 1.0, 8.0)
