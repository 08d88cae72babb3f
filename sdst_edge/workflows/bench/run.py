"""From a request to a report: the parts of the bench in their order."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from collections.abc import Sequence as Items
from contextlib import ExitStack, contextmanager
from datetime import datetime, timezone
from functools import partial
from typing import Any, TypeAlias, cast

from sdst_bench.host.devices import require_device
from sdst_bench.host.probe import probe_host
from sdst_bench.measuring.accuracy import measure_accuracy
from sdst_bench.measuring.camera import measure_camera
from sdst_bench.measuring.clip import Clip
from sdst_bench.measuring.closed_loop import ClosedLoops, LoopPlan
from sdst_bench.measuring.cold_start import measure_cold_start
from sdst_bench.measuring.power import Idle, measure_idle, measure_power
from sdst_bench.measuring.python_cost import measure_python_cost
from sdst_bench.measuring.subject import Subject
from sdst_bench.measuring.sustained import measure_sustained
from sdst_bench.measuring.targets import measure_targets
from sdst_bench.not_measured import Interrupted, NotMeasured
from sdst_bench.peers import check_peers, compare_peers
from sdst_bench.report.model import SCHEMA_VERSION, BenchReport, BundleReport
from sdst_bench.report.parts import ClosedLoop
from sdst_bench.sensors import Sensors
from sdst_edge.datasets import Sequence, open_dataset
from sdst_edge.workflows.bench.recording import OnReport, Recording
from sdst_edge.workflows.bench.request import BenchRequest
from sdst_runtime.bundle import Bundle
from sdst_runtime.errors import SdstError

__all__ = ["run_bench"]

#: Called with what is being measured, the share of it that is done, and what there is to say of it.
OnProgress: TypeAlias = Callable[[str, float, str], None]


def run_bench(request: BenchRequest, on_report: OnReport, on_progress: OnProgress) -> BenchReport:
    """Measures what was asked for on this host.

    The idle baseline of power comes first, then fresh processes, then what alternates between bundles, then what each
    bundle runs by itself. Nothing of the host is changed.

    Args:
        request: what to measure.
        on_report: called with the report so far whenever a part is done; the last call before an error leaves this
            function has the reason in ``stopped``.
        on_progress: called with what is being measured, 0..1, and a remark.

    Raises:
        DeviceError: this host is not the device that was asked for.
        SdstError: a bundle, an engine, frames or a data set that cannot be.
        KeyboardInterrupt: the user ended it.
    """
    host = probe_host(request.sysroot)
    report = BenchReport(
        schema_version=SCHEMA_VERSION,
        created=datetime.now(timezone.utc).astimezone().isoformat(timespec="seconds"),
        command=request.command,
        complete=False,
        stopped="",
        device=require_device(request.device, host),
        reached_by="",
        sysroot="" if request.sysroot.is_this_host else str(request.sysroot.root),
        host=host,
    )
    sequences = _sequences(request)
    recording = Recording(report, on_report)
    with _explained(recording), ExitStack() as opened:
        sensors = opened.enter_context(Sensors.of(request.sysroot))
        for item in request.subjects:
            Bundle.open(item.bundle).variant(item.variant)  # what is wrong with one is told before anybody waits
        if request.peers is not None:
            check_peers(request.peers)
        idle = _idle(recording, sensors, request, on_progress)
        with recording.part("making or reading the frames"):
            clip = _clip(request)
        starts = _starts(recording, request, clip, on_progress)  # before any engine is open, or built by this process
        with recording.part("opening the bundles"):
            subjects = [opened.enter_context(Subject.open(item, clip)) for item in request.subjects]
        _tell_apart(subjects)
        for subject, start in zip(subjects, starts, strict=True):
            recording.add(BundleReport(name=subject.name, setup=subject.setup, **start))
        run = _Run(request, recording, subjects, clip, on_progress)
        plan = LoopPlan(frames=request.frames, seconds=request.seconds, warmup=request.warmup)
        loops = opened.enter_context(ClosedLoops(subjects, clip, plan))
        run.closed_loops(loops, 0.5)
        for index in range(len(subjects)):
            run.alone(index)
            run.power(index, sensors, idle)
        run.closed_loops(loops, 1.0)  # apart from the first half, and before anything gets warm
        for index in range(len(subjects)):
            run.sustained(index, sensors)
            run.accuracy(index, sequences)
        run.peers(sequences)
    return recording.finish()


class _Run:
    """The parts, each of which fills its place in the report."""

    def __init__(
        self,
        request: BenchRequest,
        recording: Recording,
        subjects: Items[Subject],
        clip: Clip,
        on_progress: OnProgress,
    ) -> None:
        self._request = request
        self._recording = recording
        self._subjects = subjects
        self._clip = clip
        self._on_progress = on_progress

    def closed_loops(self, loops: ClosedLoops, share: float) -> None:
        """All bundles in turns, until this share of the rounds is done."""
        with self._recording.part("the closed loop"):
            try:
                measured = loops.take_rounds(share, partial(self._on_progress, "stages"))
            except Interrupted as stop:
                self._keep_loops(cast("dict[str, ClosedLoop]", stop.partial))
                raise
            self._keep_loops(measured)

    def _keep_loops(self, measured: Mapping[str, ClosedLoop]) -> None:
        for index, subject in enumerate(self._subjects):
            if subject.name in measured:
                self._recording.keep(index, closed_loop=measured[subject.name])

    def alone(self, index: int) -> None:
        """What a bundle does without the others: Python's cost, several targets, a camera."""
        request, subject, clip = self._request, self._subjects[index], self._clip
        self._part(index, "python_cost", partial(measure_python_cost, subject, clip), "Python's cost")
        if request.targets:
            self._part(index, "targets", partial(measure_targets, subject, clip, request.targets), "several targets")
        else:
            self._recording.leave_out(index, targets="not asked for: --targets 1,2,4")
        if request.fps is None:
            self._recording.leave_out(index, camera="not asked for: --fps 30")
            return
        work = partial(measure_camera, subject, clip, fps=request.fps, seconds=request.seconds)
        self._part(index, "camera", work, "the camera")

    def power(self, index: int, sensors: Sensors, idle: Idle | str) -> None:
        """Power of a closed loop; ``idle`` is the baseline, or why there is none."""
        if isinstance(idle, str):
            self._recording.leave_out(index, power=idle)
            return
        work = partial(measure_power, self._subjects[index], self._clip, sensors, idle, self._request.power_seconds)
        self._part(index, "power", work, "power")

    def sustained(self, index: int, sensors: Sensors) -> None:
        """A long run."""
        request = self._request
        if request.sustained_seconds is None:
            self._recording.leave_out(index, sustained="not asked for: --sustained 60")
            return
        work = partial(
            measure_sustained,
            self._subjects[index],
            self._clip,
            sensors,
            seconds=request.sustained_seconds,
            fps=request.fps,
            on_progress=partial(self._on_progress, "sustained run"),
        )
        self._part(index, "sustained", work, "the sustained run")

    def accuracy(self, index: int, sequences: Items[Sequence]) -> None:
        """Scores by the house rule; the comparison with peers brings them, too."""
        scoring = self._request.scoring
        if scoring is None:
            self._recording.leave_out(index, accuracy="not asked for: --accuracy DATASET")
            return
        if self._request.peers is not None:
            return
        work = partial(
            measure_accuracy,
            self._subjects[index],
            sequences,
            str(scoring.dataset),
            partial(self._on_progress, "accuracy"),
        )
        self._part(index, "accuracy", work, "accuracy")

    def peers(self, sequences: Items[Sequence]) -> None:
        """Other trackers on the same frames."""
        choice, scoring = self._request.peers, self._request.scoring
        if choice is None:
            return
        dataset = "" if scoring is None else str(scoring.dataset)
        progress = partial(self._on_progress, "peers")
        work = partial(compare_peers, self._subjects, sequences, choice, progress, dataset)
        peers = self._recording.keep_peers(work, doing="the comparison with peers")
        if scoring is not None:
            for index in range(len(self._subjects)):
                self._recording.keep(index, accuracy=peers.results[index].scores)

    def _part(self, index: int, name: str, work: Callable[[], object], doing: str) -> None:
        subject = self._subjects[index]
        self._on_progress(doing, 0.0, subject.name)
        self._recording.measure(index, name, work, doing=f"{doing} of {subject.name}")
        self._on_progress(doing, 1.0, subject.name)


@contextmanager
def _explained(recording: Recording) -> Iterator[None]:
    """Leaves the reason in the report when the run ends early."""
    try:
        yield
    except KeyboardInterrupt:
        recording.stop()
        raise
    except (SdstError, OSError, MemoryError) as error:
        recording.stop(str(error) or type(error).__name__)
        raise


def _idle(recording: Recording, sensors: Sensors, request: BenchRequest, on_progress: OnProgress) -> Idle | str:
    """Power before any bundle is opened, or why it is not measured."""
    if not request.power_seconds:
        return "not asked for: --power 3"
    with recording.part("the idle baseline of power"):
        on_progress("idle power", 0.0, "")
        try:
            return measure_idle(sensors, request.power_seconds)
        except NotMeasured as absent:
            return str(absent)
        finally:
            on_progress("idle power", 1.0, "")


def _starts(recording: Recording, request: BenchRequest, clip: Clip, on_progress: OnProgress) -> list[dict[str, Any]]:
    """Of each bundle what a fresh process says, as fields of its report."""
    measured: list[dict[str, Any]] = []
    for number, item in enumerate(request.subjects):
        on_progress("start", number / len(request.subjects), item.bundle)
        with recording.part(f"the start of {item.bundle}"):
            try:
                start, memory = measure_cold_start(item, clip, on_progress=partial(on_progress, "start"))
            except NotMeasured as absent:
                measured.append({"not_measured": dict.fromkeys(("start", "memory"), str(absent))})
            else:
                measured.append({"start": start, "memory": memory})
    on_progress("start", 1.0, "")
    return measured


def _tell_apart(subjects: Items[Subject]) -> None:
    """Names folders of one name by their paths."""
    names = Counter(subject.name for subject in subjects)
    for subject in subjects:
        if names[subject.name] > 1:
            subject.name = f"{subject.setup.bundle} {subject.setup.variant}"


def _clip(request: BenchRequest) -> Clip:
    footage = request.footage
    if footage.source is None or footage.box_xywh is None:
        return Clip.rendered(footage.size_wh)
    return Clip.of_source(footage.source, footage.box_xywh)


def _sequences(request: BenchRequest) -> Items[Sequence]:
    """Of the data set, those that were named; none where there is no data set."""
    scoring = request.scoring
    if scoring is None:
        return ()
    dataset = open_dataset(scoring.dataset, scoring.layout)
    return (dataset if scoring.sequences is None else dataset.subset(scoring.sequences)).sequences
