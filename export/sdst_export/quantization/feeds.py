"""What the graphs of a network are given on real crops, for every role."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
import onnx
from numpy.typing import NDArray

from sdst_export.calibration import CalibrationSet, CropPair
from sdst_export.float_graphs import FloatGraphs
from sdst_runtime.config import TrackerConfig
from sdst_runtime.consistency import search_configs
from sdst_runtime.errors import ConfigError
from sdst_runtime.manifest import GraphRole
from sdst_runtime.ort_graph import import_onnxruntime
from sdst_runtime.search_roles import SEARCH_ROLES, SearchRoles

if TYPE_CHECKING:
    import onnxruntime

__all__ = ["Arrays", "FloatRun", "run_session", "start_session"]

Arrays: TypeAlias = dict[str, NDArray[np.float32]]


class FloatRun:
    """The float graphs under ONNX Runtime, fed with crops.

    Attributes:
        calibration: the crops.
    """

    def __init__(self, graphs: FloatGraphs, calibration: CalibrationSet) -> None:
        """Checks that the crops are the network's.

        Args:
            graphs: of the network.
            calibration: crops, of each search size at least one.

        Raises:
            ConfigError: a crop has another shape, or there is none of a search size.
        """
        self._graphs, self.calibration = graphs, calibration
        self._sessions: dict[GraphRole, onnxruntime.InferenceSession] = {}
        self._kernels: dict[int, Arrays] = {}
        configs = search_configs(graphs.config)
        self._sizes: dict[tuple[int, ...], SearchRoles] = {
            each.search_shape: roles for each, roles in zip(configs, SEARCH_ROLES, strict=False)
        }
        _check(graphs.config, self._sizes, calibration)

    def template(self) -> Iterator[Arrays]:
        """Inputs of the template graph."""
        for z in self.calibration.template_crops:
            yield {"z": z}

    def search(self, roles: SearchRoles) -> Iterator[Arrays]:
        """Inputs of a search graph."""
        for pair in self._pairs(roles):
            yield {"x": pair.x}

    def head(self, roles: SearchRoles) -> Iterator[Arrays]:
        """Inputs of a head, kernels included."""
        for pair in self._pairs(roles):
            yield self.pick(roles.head, self.features(pair) | self.kernels(pair.z))

    def tail(self, roles: SearchRoles) -> Iterator[Arrays]:
        """Inputs of a tail."""
        for pair in self._pairs(roles):
            features = self.features(pair)
            yield self.pick(roles.tail, features | self.responses(roles, features | self.kernels(pair.z)))

    def kernels(self, z: NDArray[np.float32]) -> Arrays:
        """Outputs of the template graph, kept for each template."""
        if id(z) not in self._kernels:
            self._kernels[id(z)] = self._run("template", {"z": z})
        return self._kernels[id(z)]

    def features(self, pair: CropPair) -> Arrays:
        """Outputs of the search graph."""
        return self._run(self._sizes[pair.x.shape].search, {"x": pair.x})

    def responses(self, roles: SearchRoles, known: Arrays) -> Arrays:
        """Outputs of the correlations."""
        return self._run(roles.correlate["conv"], known)

    def maps(self, pair: CropPair) -> Arrays:
        """What the network gives for a pair."""
        return self._run(self._sizes[pair.x.shape].head, self.features(pair) | self.kernels(pair.z))

    def mask(self, pair: CropPair, cell: tuple[int, int]) -> NDArray[np.float32]:
        """Logits of the mask branch."""
        known: dict[str, NDArray[Any]] = {**self.features(pair), **self.kernels(pair.z), "cell": np.array(cell)}
        return self._run("mask", known)["mask"]

    def pick(self, role: GraphRole, known: Arrays) -> Arrays:
        """Of what is known, the inputs of a graph."""
        return {item.name: known[item.name] for item in self._graphs.model(role, "conv").graph.input}

    def suffix(self, pair: CropPair) -> str:
        """``_small`` for a pair of the search size for small targets."""
        return "_small" if self._sizes[pair.x.shape] is SEARCH_ROLES[1] else ""

    def _pairs(self, roles: SearchRoles) -> Iterator[CropPair]:
        return (pair for pair in self.calibration.pairs if self._sizes[pair.x.shape] is roles)

    def _run(self, role: GraphRole, known: Mapping[str, NDArray[Any]]) -> Arrays:
        if role not in self._sessions:
            self._sessions[role] = start_session(self._graphs.model(role, "conv"))
        return run_session(self._sessions[role], known)


def start_session(model: onnx.ModelProto) -> onnxruntime.InferenceSession:
    """ONNX Runtime on one thread of the CPU."""
    runtime = import_onnxruntime()
    options = runtime.SessionOptions()
    options.intra_op_num_threads = 1
    return runtime.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])


def run_session(session: onnxruntime.InferenceSession, known: Mapping[str, NDArray[Any]]) -> Arrays:
    """Outputs by name; inputs are picked out of what is known."""
    names = [item.name for item in session.get_outputs()]
    return dict(zip(names, session.run(names, {i.name: known[i.name] for i in session.get_inputs()}), strict=True))


def _check(config: TrackerConfig, sizes: Mapping[tuple[int, ...], SearchRoles], calibration: CalibrationSet) -> None:
    _require("template", {z.shape for z in calibration.template_crops}, [config.template_shape])
    found = {pair.x.shape for pair in calibration.pairs}
    _require("search", found, list(sizes))
    if missing := [shape for shape in sizes if shape not in found]:
        raise ConfigError(
            f"{calibration.source}: there are no search crops of {missing[0]} to calibrate on; collect them for this "
            "tracker, which has two search sizes"
        )


def _require(what: str, found: set[tuple[int, ...]], wanted: Sequence[tuple[int, ...]]) -> None:
    if strange := sorted(found - set(wanted)):
        raise ConfigError(
            f"{what} crops to calibrate on are {strange[0]}, the tracker takes {' or '.join(map(str, wanted))}; "
            "collect them with this tracker"
        )
