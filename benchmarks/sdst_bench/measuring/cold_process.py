"""What the fresh process of :mod:`.cold_start` does: ``sdst_runtime`` up to its first box, and a little further.

Before that import is timed it imports nothing that the interpreter has not loaded by then, for the runtime's own
imports would be found done; and up to the first box nothing beside the runtime: a user's own program would not either,
and each megabyte counts. Its standard output carries lines of JSON, one per
step of an engine's build, and one with the result or the error; what engines print goes to standard error.
"""

from __future__ import annotations

import os
import sys
import time
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy as np
    from numpy.typing import NDArray

    from sdst_runtime.loading import OpenedSession
    from sdst_runtime.tracker import Tracker

__all__ = ["main"]

INITS, UPDATES = 10, 30
SMI = ("nvidia-smi", "--query-compute-apps=pid,used_memory", "--format=csv,noheader,nounits")
SMI_SECONDS = 10.0


def main() -> None:
    """Does what the JSON of the first argument says: ``request``, ``size_wh``, ``box_xywh`` and ``started_ns``."""
    out = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)

    def tell(line: dict[str, Any]) -> None:
        import json

        out.write(json.dumps(line) + "\n")
        out.flush()

    start_ns = time.monotonic_ns()
    from sdst_runtime.errors import SdstError

    import_ns = time.monotonic_ns() - start_ns
    import json

    try:
        tell({"result": _measure(json.loads(sys.argv[1]), import_ns, tell)})
    except SdstError as error:
        tell({"error": type(error).__name__, "text": str(error)})


def _measure(task: dict[str, Any], import_ns: int, tell: Callable[[dict[str, Any]], None]) -> dict[str, Any]:
    """Times in nanoseconds, memory in bytes: that of one target, before others are taken."""
    import sdst_runtime

    width, height = task["size_wh"]
    start_ns = time.monotonic_ns()
    frame = _frame(width, height)
    frame_ns = time.monotonic_ns() - start_ns
    available, resident = _bytes("/proc/meminfo", "MemAvailable"), _bytes("/proc/self/status", "VmRSS")
    build_ns: list[int] = []

    def on_build(share: float, what: str) -> None:
        build_ns.append(time.monotonic_ns())
        tell({"share": share, "text": what})

    request, load_ns = task["request"], time.monotonic_ns()
    bundle = sdst_runtime.Bundle.open(request.pop("bundle"))
    session = sdst_runtime.open_session(bundle, **request, on_build=on_build)
    tracker = sdst_runtime.Tracker(session, bundle.manifest.tracker)
    loaded_ns = time.monotonic_ns()
    times = _track(tracker, frame, task["box_xywh"])
    box_ns = times.pop("box_ns")
    engine = request["engine"] or bundle.variant(request["variant"]).engine
    found = {
        "import_ns": import_ns,
        "load_ns": loaded_ns - load_ns,
        "build_ns": loaded_ns - build_ns[0] if build_ns else 0,
        "process_to_first_box_ns": box_ns - task["started_ns"] - frame_ns,
        **times,
        **_memory(resident),
        **_gpu_memory(f"{engine} {request['accelerator']}", available),
        "init_ns": _later_inits(tracker, frame, task["box_xywh"]),
        "template_bytes": _template_bytes(session, bundle.manifest.tracker.template_shape),
    }
    tracker.close()
    session.close()
    return found


def _frame(width: int, height: int) -> NDArray[np.uint8]:
    """Noise, by the multiplication of a count: numpy.random would be 3 MB of this process that no user's has."""
    import numpy as np

    values = np.arange(height * width * 3, dtype=np.uint32) * np.uint32(2654435761)
    frame: NDArray[np.uint8] = (values >> np.uint32(24)).astype(np.uint8).reshape(height, width, 3)
    return frame


def _track(tracker: Tracker, frame: NDArray[np.uint8], box_xywh: tuple[float, float, float, float]) -> dict[str, Any]:
    """Durations of the first calls, and when the first box was there; later updates follow, which are not timed."""
    times = [time.monotonic_ns()]
    tracker.init(frame, box_xywh)
    times.append(time.monotonic_ns())
    tracker.update(frame)
    box_ns = time.monotonic_ns()
    for _ in range(UPDATES):
        tracker.update(frame)
    return {"first_init_ns": times[1] - times[0], "first_update_ns": box_ns - times[1], "box_ns": box_ns}


def _later_inits(tracker: Tracker, frame: NDArray[np.uint8], box_xywh: tuple[float, float, float, float]) -> list[int]:
    init_ns = []
    for _ in range(INITS):
        start = time.monotonic_ns()
        tracker.init(frame, box_xywh)
        init_ns.append(time.monotonic_ns() - start)
    return init_ns


def _template_bytes(session: OpenedSession, shape: tuple[int, ...]) -> int:
    import numpy as np

    template = session.embed(np.zeros(shape, np.float32))
    size_bytes = template.size_bytes
    template.close()
    return size_bytes


def _memory(resident: int | None) -> dict[str, int | None]:
    """Of this process now, and since ``resident``."""
    now = _bytes("/proc/self/status", "VmRSS")
    return {
        "peak_rss_bytes": _bytes("/proc/self/status", "VmHWM"),
        "pss_bytes": _bytes("/proc/self/smaps_rollup", "Pss"),
        "growth_bytes": None if now is None or resident is None else now - resident,
    }


def _gpu_memory(runs_on: str, available: int | None) -> dict[str, Any]:
    """Of this process on a GPU; ``available`` is what the host had before the bundle was opened."""
    if not any(name in runs_on.lower() for name in ("cuda", "gpu", "tensorrt", "vulkan")):
        return {"gpu_bytes": None, "gpu_source": ""}
    of_its_own = _smi_bytes()
    if of_its_own is not None:
        return {"gpu_bytes": of_its_own, "gpu_source": "nvidia-smi, of the process"}
    now = _bytes("/proc/meminfo", "MemAvailable")
    if now is None or available is None or not os.path.exists("/proc/device-tree/model"):
        return {"gpu_bytes": None, "gpu_source": ""}
    source = "by which MemAvailable of the host sank, what the processor needs included"
    return {"gpu_bytes": max(0, available - now), "gpu_source": source}


def _smi_bytes() -> int | None:
    """What this process holds on NVIDIA GPUs of their own memory; None where the driver does not tell."""
    import subprocess

    try:
        done = subprocess.run(SMI, stdin=subprocess.DEVNULL, capture_output=True, timeout=SMI_SECONDS, check=True)
    except (OSError, subprocess.SubprocessError):
        return None
    rows = [line.split(",") for line in done.stdout.decode(errors="replace").splitlines()]
    mebibytes = [row[1].strip() for row in rows if len(row) == 2 and row[0].strip() == str(os.getpid())]
    if not mebibytes or not all(value.isdecimal() for value in mebibytes):
        return None
    return sum(int(value) for value in mebibytes) * 2**20


def _bytes(path: str, name: str) -> int | None:
    """A line such as ``VmRSS:  1234 kB``; None where the host does not tell it."""
    try:
        with open(path, encoding="utf-8") as file:
            found = next((line.split() for line in file if line.startswith(f"{name}:")), None)
    except OSError:
        return None
    return None if found is None else int(found[1]) * 1024
