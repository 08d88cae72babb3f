"""Who teaches a student, and by which losses.

SDST as reconstructed from its ancestors, see :mod:`sdst_edge.training.sdst`. Plain distillation, DST and averages over
several teachers are the same tables with other weights.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from sdst_edge.training.recipe.model import ModelSpec
from sdst_edge.training.recipe.ranges import require
from sdst_runtime.errors import ConfigError

__all__ = ["Distillation", "Hint", "Parts", "Peer", "TeacherSpec", "Weighting"]

Weighting: TypeAlias = Literal["uniform", "labels", "adaptive"]


@dataclass(frozen=True, slots=True, kw_only=True)
class TeacherSpec:
    """One teacher: exactly one of recipe, checkpoint, bundle and onnx.

    Attributes:
        recipe: file of the recipe that trains it, relative to the student's; ``sdst-edge distill`` runs it first.
        checkpoint: of ours, so also one of any family that ``sdst-edge import`` has read; or a shipped student's name.
        bundle: folder, or a shipped student's name; predictions only.
        onnx: file with two inputs, template and search, told apart by their shapes, and the outputs of ``family``, in
            its order; predictions only.
        family: whose tracker configuration holds for ``onnx``.
        weight: among several general teachers, > 0.
    """

    recipe: str = ""
    checkpoint: str = ""
    bundle: str = ""
    onnx: str = ""
    family: str = ""
    weight: float = 1.0

    def __post_init__(self) -> None:
        given = [name for name in ("recipe", "checkpoint", "bundle", "onnx") if getattr(self, name)]
        if len(given) != 1:
            raise ConfigError(
                f"recipe: a teacher has {' and '.join(given) or 'no source'}; "
                "expected one of recipe, checkpoint, bundle and onnx"
            )
        if bool(self.onnx) != bool(self.family):
            raise ConfigError("recipe: family goes with onnx: it says which tracker the ONNX model belongs to")
        require("teacher.weight", self.weight, 1e-9, 1e9)


@dataclass(frozen=True, slots=True, kw_only=True)
class Hint:
    """A feature map of the student, and the teacher's that it is to resemble.

    Attributes:
        student: ``search``, ``template`` or ``response`` for the operands and results of the first correlation, or the
            name of a module, whose output for the search region is taken, such as ``trunk.5``.
        teacher: likewise, of the teacher as it is run: norms are merged into the convolutions before them, and a
            RepConv is one convolution.
    """

    student: str = "search"
    teacher: str = "search"


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """Weights of the losses from one teacher to the student; 0 leaves one out.

    Attributes:
        soft: KL of the scores, the classification half of DST's L_TS.
        bounded: teacher-bounded regression, its other half.
        guided: 1 - GIoU to the teacher's box, weighted by the teacher's score (CompressTracker's prediction guidance).
        hard: adaptive hard loss, DST's L_AH: the task loss once more, for pairs in which the student is behind. DST has
            it in place of the task losses.
        response: Siamese target response, DST's L_STR.
        hint: FitNets.
        attention: attention transfer.
        flow: FSP.
        temperature: of the soft scores.
        bound_margin: m of the teacher-bounded regression.
        hard_threshold: h of the adaptive hard loss.
    """

    soft: float = 1.0
    bounded: float = 1.0
    guided: float = 0.0
    hard: float = 0.1
    response: float = 0.0
    hint: float = 0.0
    attention: float = 0.0
    flow: float = 0.0
    temperature: float = 1.0
    bound_margin: float = 0.01
    hard_threshold: float = 0.005

    def __post_init__(self) -> None:
        for name in ("soft", "bounded", "guided", "hard", "response", "hint", "attention", "flow"):
            require(f"distillation parts: {name}", getattr(self, name), 0.0, 1e6)
        require("distillation parts: temperature", self.temperature, 0.01, 1e3)
        require("distillation parts: bound_margin", self.bound_margin, 0.0, 1e3)
        require("distillation parts: hard_threshold", self.hard_threshold, 0.0, 1e3)


@dataclass(frozen=True, slots=True, kw_only=True)
class Peer:
    """A second student that learns beside the first and shares with it (DST's student-student sharing).

    Attributes:
        model: of the peer.
        weight: of the sharing loss.
        decay: sigma falls by this factor an epoch (DST: 0.9).
        epoch_steps: steps that count as an epoch.
        threshold: a student shares only while its loss is within this of its teacher's (DST: 0.005).
        feedback: beta, weight of what the intelligent student learns from the dull one (DST: 0.5).
    """

    model: ModelSpec
    weight: float = 1.0
    decay: float = 0.9
    epoch_steps: int = 1000
    threshold: float = 0.005
    feedback: float = 0.5

    def __post_init__(self) -> None:
        require("distillation.peer.weight", self.weight, 0.0, 1e4)
        require("distillation.peer.decay", self.decay, 0.0, 1.0)
        require("distillation.peer.epoch_steps", self.epoch_steps, 1, 10**9)
        require("distillation.peer.feedback", self.feedback, 0.0, 1e4)


@dataclass(frozen=True, slots=True, kw_only=True)
class Distillation:
    """Process 1, general teachers to student, and process 2, specialised teachers to student.

    Attributes:
        general: general teachers; their losses are averaged by weight.
        specialised: by attribute, each one of ``data.attributes``.
        task_weight: of the losses against the annotation.
        general_weight: of process 1.
        specialised_weight: of process 2.
        specialised_from: share of the budget at which process 2 begins, 0..1.
        weighting: of the specialised teachers: ``uniform``; ``labels``, evenly over the pair's attributes; or
            ``adaptive``, learned for each pair (AMTML), over the pair's attributes.
        gate: whether a specialised teacher is silent for a pair where its loss is not below the student's by
            ``gate_margin``. General ones are always heard.
        gate_margin: see ``gate``.
        clean_views: whether general teachers see pairs without what only makes them hard to see (other light, blur, a
            distractor, a simulated attribute that leaves the target where it is; where one moves or hides the target,
            all stays), so that the student learns to answer hard pictures as they answer easy ones: weak and strong
            augmentation of FixMatch (Sohn et al., 2020).
            Specialised teachers see what the student sees.
        general_parts: losses from general teachers.
        specialised_parts: losses from specialised teachers.
        hints: feature maps for the parts hint and attention; consecutive ones make a flow.
        peer: a second student; None for none.
    """

    general: tuple[TeacherSpec, ...] = ()
    specialised: Mapping[str, TeacherSpec] = field(default_factory=dict)
    task_weight: float = 1.0
    general_weight: float = 1.0
    specialised_weight: float = 1.0
    specialised_from: float = 0.0
    weighting: Weighting = "labels"
    gate: bool = True
    gate_margin: float = 0.005
    clean_views: bool = False
    general_parts: Parts = field(default_factory=Parts)
    specialised_parts: Parts = field(default_factory=Parts)
    hints: tuple[Hint, ...] = (Hint(),)
    peer: Peer | None = None

    def __post_init__(self) -> None:
        for name in ("task_weight", "general_weight", "specialised_weight", "gate_margin"):
            require(f"distillation.{name}", getattr(self, name), 0.0, 1e4)
        require("distillation.specialised_from", self.specialised_from, 0.0, 1.0)

    @property
    def teaches_unannotated(self) -> bool:
        """Whether some teacher is heard for pairs that nobody annotated; the gate needs an annotation to judge by."""
        general = bool(self.general) and self.general_weight > 0
        return general or (bool(self.specialised) and self.specialised_weight > 0 and not self.gate)
