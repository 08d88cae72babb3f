"""Teachers of which only the predictions are known: bundles, and networks in a single ONNX file."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from sdst_edge.training.pairs.batch import Crops, normalized
from sdst_edge.training.teachers.teacher import Outputs
from sdst_runtime.bundle import Bundle
from sdst_runtime.config import TrackerConfig
from sdst_runtime.errors import CheckpointError, ConfigError, SdstError
from sdst_runtime.loading import open_session
from sdst_runtime.ort_graph import import_onnxruntime

__all__ = ["BundleTeacher", "OnnxTeacher"]

Pixels = NDArray[np.float32]


class BundleTeacher:
    """A bundle, run pair by pair as the device runs it; its graphs have a batch of one.

    Attributes:
        name: for logs and messages.
        config: of the bundle's tracker.
    """

    def __init__(self, folder: Path, name: str) -> None:
        """A teacher.

        Raises:
            ManifestError: the folder holds no bundle, or a broken one.
            BackendUnavailable: ONNX Runtime is missing.
        """
        bundle = Bundle.open(folder)
        self.name = name
        self.config = bundle.manifest.tracker
        self._session = open_session(bundle)

    def teach(self, crops: Crops) -> Outputs:
        """See :meth:`sdst_edge.training.teachers.Teacher.teach`; a pyramid's maps are those of one scale."""
        rows = [self._match(*pair) for pair in zip(*_arrays(crops, self.config), strict=True)]
        return _outputs(rows, crops)

    def _match(self, z: Pixels, x: Pixels) -> Sequence[Pixels]:
        template = self._session.embed(z[None])
        try:
            scales = np.ascontiguousarray(np.broadcast_to(x, self.config.search_shape))
            return [item[:1].copy() for item in self._session.match(template, scales)]
        finally:
            template.close()


class OnnxTeacher:
    """A network in one ONNX file, from template and search region to the maps of a family.

    Attributes:
        name: for logs and messages.
        config: of the family's tracker.
    """

    def __init__(self, path: Path, config: TrackerConfig, name: str) -> None:
        """A teacher.

        Args:
            path: of the file. Inputs are float32 as the family normalises them, told apart by their sides, or in the
                order template, search where those agree. Outputs are in the order of ``config.outputs``. A batch of
                one is run pair by pair, a symbolic one at once.
            config: of the family's tracker.
            name: for logs and messages.

        Raises:
            CheckpointError: the file is missing, or ONNX Runtime cannot load it.
            ConfigError: its inputs or outputs are not those of the family.
            BackendUnavailable: ONNX Runtime is missing.
        """
        self.name = name
        self.config = config
        self._path = path
        self._session = _open(path)
        self._inputs = _told_apart(path, _slots(self._session.get_inputs()), config)
        self._batched = all(not isinstance(slot.shape[0], int) for slot in self._inputs)
        _check_outputs(path, _slots(self._session.get_outputs()), config)

    def teach(self, crops: Crops) -> Outputs:
        """See :meth:`sdst_edge.training.teachers.Teacher.teach`."""
        z, x = _arrays(crops, self.config)
        if self._batched:
            return _outputs([self._run(z, x)], crops)
        return _outputs([self._run(z[i : i + 1], x[i : i + 1]) for i in range(len(z))], crops)

    def _run(self, z: Pixels, x: Pixels) -> Sequence[Pixels]:
        names = [slot.name for slot in self._inputs]
        try:
            maps: list[Pixels] = self._session.run(None, dict(zip(names, (z, x), strict=True)))
        except Exception as error:  # ONNX Runtime's exceptions share no base class but this one
            raise SdstError(f"{self._path} failed in ONNX Runtime: {_first_line(error)}") from None
        wanted = [(len(z), *shape[1:]) for shape in self.config.outputs.values()]
        if [item.shape for item in maps] != wanted:  # sides that the file leaves open
            raise ConfigError(
                f"{self._path} gives maps of {[item.shape for item in maps]}, its family's tracker wants {wanted}; "
                "name the family that the file belongs to"
            )
        return maps


class _Slot(NamedTuple):
    """An input or output of a file; sides that it leaves open are no numbers."""

    name: str
    shape: tuple[Any, ...]
    dtype: str

    def takes(self, shape: Sequence[int]) -> bool:
        """Whether it may be of this shape, but for the batch."""
        return len(self.shape) == len(shape) and all(
            not isinstance(ours, int) or ours == side for ours, side in zip(self.shape[1:], shape[1:], strict=True)
        )

    def __str__(self) -> str:
        return f"{self.name} {self.dtype} ({', '.join(map(str, self.shape))})"


def _slots(nodes: Sequence[Any]) -> list[_Slot]:
    return [_Slot(node.name, tuple(node.shape), node.type) for node in nodes]


def _open(path: Path) -> Any:
    runtime = import_onnxruntime()
    if not path.is_file():
        raise CheckpointError(f"{path} does not exist, expected an ONNX file")
    settings = runtime.SessionOptions()
    settings.log_severity_level = 4  # what there is to say comes as an error
    settings.intra_op_num_threads = torch.get_num_threads()
    try:
        return runtime.InferenceSession(str(path), settings, providers=["CPUExecutionProvider"])
    except Exception as error:  # ONNX Runtime's exceptions share no base class but this one
        raise CheckpointError(f"ONNX Runtime cannot load {path}: {_first_line(error)}") from None


def _told_apart(path: Path, slots: list[_Slot], config: TrackerConfig) -> tuple[_Slot, _Slot]:
    """The inputs for the template and for the search region."""
    shapes = config.template_shape, (1, *config.search_shape[1:])
    orders = [slots, slots[::-1]] if len(slots) == 2 else []
    for order in orders:
        if all(slot.dtype == "tensor(float)" and slot.takes(shape) for slot, shape in zip(order, shapes, strict=True)):
            return order[0], order[1]
    raise ConfigError(
        f"{path} has the inputs {', '.join(map(str, slots)) or 'none'}; its family's tracker wants two of float32: "
        f"template {shapes[0]} and search {shapes[1]}. Name the family that the file belongs to, or export it so"
    )


def _check_outputs(path: Path, slots: list[_Slot], config: TrackerConfig) -> None:
    wanted = {name: (1, *shape[1:]) for name, shape in config.outputs.items()}
    fits = len(slots) == len(wanted) and all(
        slot.dtype == "tensor(float)" and slot.takes(shape) for slot, shape in zip(slots, wanted.values(), strict=True)
    )
    if not fits:
        named = " and ".join(f"{name} {shape}" for name, shape in wanted.items())
        raise ConfigError(
            f"{path} has the outputs {', '.join(map(str, slots)) or 'none'}; its family's tracker wants float32 "
            f"{named}, in this order. Name the family that the file belongs to, or export it so"
        )


def _arrays(crops: Crops, config: TrackerConfig) -> tuple[Pixels, Pixels]:
    """Normalised templates and search regions on the CPU, C-contiguous."""
    z, x = (normalized(item, config.normalization).cpu().contiguous().numpy() for item in (crops.z, crops.x))
    return z, x


def _outputs(rows: Sequence[Sequence[Pixels]], crops: Crops) -> Outputs:
    """Of maps of some pairs each, in order."""
    maps: tuple[Tensor, ...] = tuple(
        torch.from_numpy(np.concatenate(items)).to(crops.x.device) for items in zip(*rows, strict=True)
    )
    return Outputs(maps=maps)


def _first_line(error: Exception) -> str:
    return next((line.strip() for line in str(error).splitlines() if line.strip()), type(error).__name__)
