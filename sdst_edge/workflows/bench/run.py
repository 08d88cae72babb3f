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
        run.in_turns(loops, run.short_parts(sensors, idle))
        for index in range(len(subjects)):  # what gets a device warm comes after
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

    def in_turns(self, loops: ClosedLoops, parts: Items[Callable[[], None]]) -> None:
        """The closed loop of all bundles, whose rounds lie before, between and after the short parts.

        On a host that others use, rounds at one time agree with each other and not with those of the next run.
        """
        for number, part in enumerate((*parts, None), 1):
            with self._recording.part("the closed loop"):
                try:
                    share = number / (len(parts) + 1)
                    self._keep_loops(loops.take_rounds(share, partial(self._on_progress, "stages")))
                except Interrupted as stop:
                    self._keep_loops(cast("dict[str, ClosedLoop]", stop.partial))
                    raise
            if part is not None:
                part()

    def _keep_loops(self, measured: Mapping[str, ClosedLoop]) -> None:
        for index, subject in enumerate(self._subjects):
            if subject.name in measured:
                self._recording.keep(index, closed_loop=measured[subject.name])

    def short_parts(self, sensors: Sensors, idle: Idle | str) -> list[Callable[[], None]]:
        """What each bundle does without the others, ready to run; of the rest the report says why it is left out.

        Args:
            sensors: of power.
            idle: the baseline of power, or why there is none.
        """
        request, clip = self._request, self._clip
        parts: list[Callable[[], None]] = []
        for index, subject in enumerate(self._subjects):
            works: list[tuple[str, str, Callable[[], object]]] = [
                ("python_cost", "Python's cost", partial(measure_python_cost, subject, clip))
            ]
            if request.targets:
                works.append(("targets", "several targets", partial(measure_targets, subject, clip, request.targets)))
            else:
                self._recording.leave_out(index, targets="not asked for: --targets 1,2,4")
            if request.fps is not None:
                camera = partial(measure_camera, subject, clip, fps=request.fps, seconds=request.seconds)
                works.append(("camera", "the camera", camera))
            else:
                self._recording.leave_out(index, camera="not asked for: --fps 30")
            if isinstance(idle, str):
                self._recording.leave_out(index, power=idle)
            else:
                power = partial(measure_power, subject, clip, sensors, idle, request.power_seconds)
                works.append(("power", "power", power))
            parts += [partial(self._part, index, name, work, doing) for name, doing, work in works]
        return parts

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
