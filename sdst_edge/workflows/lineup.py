"""Trackers side by side on one data set: ours, others in our runtime, and OpenCV's; followed, scored and timed.

Every tracker follows every sequence once. Its boxes are kept in a folder that is named after what it is, so that a run
that is broken off goes on, and one that is done is only scored again. Frame times are measured pair by pair: tracker
and reference in turns on the same frames, since more of them in turn would leave each other cold caches.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from sdst_bench.environment import probe_environment
from sdst_bench.measuring.clip import Box, Clip
from sdst_bench.measuring.subject import Subject, SubjectRequest
from sdst_bench.peers import PeerChoice, compare_peers
from sdst_bench.peers.opencv import PeerFailed
from sdst_bench.peers.opening import Contestant, open_peers
from sdst_edge.datasets import Dataset, Sequence
from sdst_edge.evaluation import Trackable, follow
from sdst_edge.evaluation.raw_results import ResultForm, is_written, write_result
from sdst_edge.evaluation.result import EvaluationResult
from sdst_edge.workflows.card_tables import CardRow, Cost
from sdst_edge.workflows.evaluate import Request, find_model, run_evaluation
from sdst_runtime import Bundle, load
from sdst_runtime.errors import BackendUnavailable, ConfigError
from sdst_runtime.manifest import MANIFEST_NAME, EngineName, Variant

__all__ = ["REFERENCE", "Entrant", "Lineup", "bundle_entrants", "other_entrant", "peer_entrant"]

#: Of OpenCV's trackers: the one whose frame time others are compared with.
REFERENCE = "Nano"

#: Whose size a subject is opened with; nothing of it is measured here.
SETUP_SIZE_WH = (320, 240)


@dataclass(frozen=True, slots=True, kw_only=True)
class Entrant:
    """A tracker that is to be followed.

    Attributes:
        name: for tables; of one of OpenCV's trackers, as ``PeerChoice`` has it.
        key: tells it from all others, also of the same name.
        cost: what it takes.
        request: how our runtime runs it; None for OpenCV's.
    """

    name: str
    key: str
    cost: Cost
    request: SubjectRequest | None = None


def bundle_entrants(folder: Path, variants: tuple[str, ...] | None = None) -> list[Entrant]:
    """The variants of a bundle that ONNX Runtime can run here; those made for TensorRT are ONNX graphs, too.

    Args:
        folder: of the bundle, or the name of a shipped student.
        variants: of it, in this order; None for all, its default first.

    Raises:
        ManifestError: it is no bundle, or not what its manifest says.
        ConfigError: it has no such variant.
    """
    bundle = Bundle.open(folder)
    default = bundle.manifest.default_variant
    runnable = [name for name, item in bundle.manifest.variants.items() if item.engine in ("onnxruntime", "tensorrt")]
    names = variants or tuple(sorted(runnable, key=lambda name: name != default))
    return [_entrant(bundle, name, f"{bundle.path.resolve().name} {name.rpartition('/')[2]}") for name in names]


def other_entrant(path: Path, exports: Path) -> Entrant:
    """A bundle's default variant, or a checkpoint, of which a bundle in float32 is made where there is none yet.

    Args:
        path: of the bundle's folder, or of a checkpoint that ``sdst-edge import`` or a training wrote.
        exports: folder for bundles of checkpoints.

    Raises:
        ConfigError: it is neither.
        SdstError: it is damaged, or what its export needs is not installed.
    """
    model = find_model(path)
    if model.kind == "boxes":
        raise ConfigError(f"{path} is a folder without a manifest, expected a bundle or a checkpoint (.safetensors)")
    folder = path
    if model.kind == "checkpoint":
        folder = exports / str(model.identity().sha256)[:12] / model.name
        if not (folder / MANIFEST_NAME).exists():
            from sdst_export import export_bundle

            folder.parent.mkdir(parents=True, exist_ok=True)
            export_bundle(path, folder)
    bundle = Bundle.open(folder)
    return _entrant(bundle, bundle.manifest.default_variant, model.name)


def peer_entrant(name: str, choice: PeerChoice) -> Entrant:
    """One of OpenCV's trackers; what its networks take is counted where the package onnx is installed.

    Args:
        name: as ``PeerChoice`` has it.
        choice: with its files of weights, and the environment to run it in.
    """
    files = [Path(file) for file in choice.weights(name) or ()]
    digest = hashlib.sha256(str(choice.peers_python).encode())
    for file in files:
        digest.update(file.read_bytes())
    return Entrant(name=name, key=digest.hexdigest(), cost=_network_cost(files) if files else Cost())


def _digest(dataset: Dataset) -> str:
    """Tells a data set from others, and from itself with other boxes."""
    digest = hashlib.sha256(str(dataset.root.resolve()).encode())
    for sequence in dataset.sequences:
        digest.update(f"{sequence.name} {len(sequence)} ".encode() + sequence.boxes_xywh.tobytes())
    return digest.hexdigest()


class Lineup:
    """A data set, and how trackers are run on it.

    Attributes:
        absent: trackers that could not run or broke off, and why.
    """

    def __init__(self, dataset: Dataset, work: Path, choice: PeerChoice, on_note: Callable[[str], None]) -> None:
        """Nothing is run yet.

        Args:
            dataset: whose sequences can all be scored.
            work: folder for the boxes of trackers; what it holds of them, on this data set, is not run again.
            choice: of OpenCV's trackers.
            on_note: told what is done next.
        """
        self.absent: dict[str, str] = {}
        self._dataset, self._work, self._choice, self._on_note = dataset, work, choice, on_note
        self._truth = _digest(dataset)

    def rows(self, entrants: list[Entrant], *, timed: bool = True) -> list[CardRow]:
        """Follows, scores and times trackers; those that cannot run are left out and listed in ``absent``.

        Args:
            entrants: ours first: OpenCV's trackers are timed beside the first of them.
            timed: whether frame times are measured.

        Raises:
            SdstError: one of ours cannot be opened, or refuses a frame or a box.
        """
        rows = []
        for entrant in entrants:
            result = self._result(entrant)
            if result is None:
                continue
            update_ms, ratio = self._time(entrant, entrants[0]) if timed else (None, None)
            rows.append(CardRow(result=result, cost=entrant.cost, update_ms=update_ms, ratio=ratio))
        return rows

    def _result(self, entrant: Entrant) -> EvaluationResult | None:
        """The scores of a tracker; None where it could not run."""
        with self._opened(entrant) as opened:
            if opened is None:
                return None
            tracker, version = opened
            key = hashlib.sha256(f"{entrant.key} {version} {self._truth}".encode()).hexdigest()[:12]
            folder = self._work / "boxes" / key / entrant.name.replace(" ", "-")
            if not self._record(tracker, folder, entrant.name):
                return None
        dataset = self._dataset
        request = Request(
            model=find_model(folder),
            dataset=dataset.root,
            layout=dataset.layout.name,
            sequences=tuple(item.name for item in dataset.sequences),
            attributes=True,
        )
        return replace(run_evaluation(request), tracker=entrant.name)

    @contextmanager
    def _opened(self, entrant: Entrant) -> Iterator[tuple[Trackable, str] | None]:
        """A tracker, and the version of what runs it; None for one of OpenCV's that is not there."""
        request = entrant.request
        if request is not None:
            with load(request.bundle, request.session, request.threads, request.variant, engine=request.engine) as own:
                environment = probe_environment()
                yield own, f"{environment.onnxruntime} {environment.libsdst}"
            return
        with open_peers(replace(self._choice, names=(entrant.name,))) as peers:
            self.absent.update(peers.absent)
            yield (_Stepping(peers.contestants[0]), peers.contestants[0].version) if peers.contestants else None

    def _record(self, tracker: Trackable, folder: Path, name: str) -> bool:
        """Leaves the boxes of all sequences in a folder; False where one of OpenCV's trackers broke off."""
        form: ResultForm = "got10k" if self._dataset.layout.name == "got10k" else "otb"
        folder.mkdir(parents=True, exist_ok=True)
        missing = [item for item in self._dataset.sequences if not is_written(folder, item, form)]
        for number, sequence in enumerate(missing):
            self._on_note(f"{name}: follow {sequence.name}, {number + 1} of {len(missing)}")
            try:
                trajectory = follow(tracker, sequence)
            except PeerFailed as failure:
                self.absent[name] = f"broke off in {sequence.name}: {failure}"
                return False
            write_result(folder, sequence, replace(trajectory, seconds=None), form)
        return True

    def _time(self, entrant: Entrant, beside: Entrant) -> tuple[float | None, float | None]:
        """Median of ``update()``, ms, and over the reference's in the same run."""
        self._on_note(f"{entrant.name}: time beside {REFERENCE}")
        request = entrant.request or beside.request
        if request is None:
            return None, None
        names = (REFERENCE,) if entrant.request is not None else (REFERENCE, entrant.name)
        sequences: list[Sequence] = list(self._dataset.sequences)
        with Subject.open(request, Clip.rendered(SETUP_SIZE_WH)) as subject:
            choice = replace(self._choice, names=names)
            peers = compare_peers([subject], sequences, choice, lambda *_: None, self._dataset.name)
        medians = {item.name: item.update.p50 for item in peers.results}
        own = medians.get(subject.name if entrant.request is not None else entrant.name)
        reference = medians.get(REFERENCE)
        return own, None if own is None or reference is None else own / reference


class _Stepping:
    """A contestant of the bench with the methods that an evaluation asks for."""

    def __init__(self, contestant: Contestant) -> None:
        self._contestant = contestant

    def init(self, frame: NDArray[np.uint8], box_xywh: Box, /) -> object:
        return self._contestant.init(frame, box_xywh)

    def update(self, frame: NDArray[np.uint8], /) -> Box:
        return self._contestant.step(frame)[0]


def _entrant(bundle: Bundle, variant: str, name: str) -> Entrant:
    manifest, chosen = bundle.manifest, bundle.variant(variant)
    engine: EngineName | None = "onnxruntime" if chosen.engine == "tensorrt" else None
    identity = find_model(bundle.path).identity()
    return Entrant(
        name=name,
        key=f"{identity.sha256} {variant}",
        cost=Cost(
            parameters=manifest.parameters,
            macs=manifest.macs.search + manifest.macs.head,
            size_bytes=_size_bytes(chosen),
        ),
        request=SubjectRequest(bundle=str(bundle.path), variant=variant, engine=engine),
    )


def _size_bytes(variant: Variant) -> int:
    entries = [entry for graph in variant.graphs.values() for entry in (graph, graph.weights) if entry is not None]
    return sum({entry.file: entry.size_bytes for entry in entries}.values())


def _network_cost(files: list[Path]) -> Cost:
    """Of ONNX files that run once a frame; parameters are the numbers in them."""
    size_bytes = sum(file.stat().st_size for file in files)
    try:
        import onnx

        from sdst_export.macs import count_macs
    except (ImportError, BackendUnavailable):
        return Cost(size_bytes=size_bytes)
    models = [onnx.load(str(file)) for file in files]
    numbers = [int(np.prod(item.dims)) for model in models for item in model.graph.initializer if item.data_type == 1]
    try:
        macs = sum(count_macs(model) for model in models)
    except (ValueError, onnx.shape_inference.InferenceError):
        macs = None
    return Cost(parameters=sum(numbers), macs=macs, size_bytes=size_bytes)
