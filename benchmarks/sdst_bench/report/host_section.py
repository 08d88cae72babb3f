"""The headline of a report: which host was measured, in which state, with which versions."""

from __future__ import annotations

import re
from collections.abc import Mapping

from sdst_bench.host.host import Gpu, Host, Jetson
from sdst_bench.report.figures import NOT_MEASURED, count_text, megabytes_text, told

__all__ = ["clocks_text", "host_rows"]


def host_rows(host: Host) -> tuple[tuple[str, str], ...]:
    """Names and texts of what the host tells; what it does not tell reads ``not measured``."""
    machine = host.environment
    features = f", {' '.join(host.cpu_features)}" if host.cpu_features else ""
    usable = f"processors {NOT_MEASURED}"
    if machine.cores is not None:
        usable = f"{machine.cores_usable} of {count_text(machine.cores, 'processor')}"
    memory = f"{megabytes_text(host.memory_bytes)}, available {megabytes_text(host.memory_available_bytes)}"
    board = ", ".join(text for text in (host.board.soc, host.board.part) if text)
    return (
        ("board", told(host.board.model) + (f" ({board})" if board else "")),
        *(_jetson_rows(host.jetson) if host.jetson else ()),
        ("CPU", f"{told(machine.cpu)}, {usable}, instructions for INT8 {told(machine.int8)}{features}"),
        ("governor", _governors(host)),
        *(("GPU", _gpu(gpu)) for gpu in host.gpus),
        ("clocks", clocks_text(host.clocks_mhz, host.clocks_max_mhz)),
        ("temperatures", _temperatures(host.temperatures_c)),
        ("memory", NOT_MEASURED if host.memory_bytes is None else memory),
        ("power sensor", told(host.power_sensor)),
        ("system", told(machine.system)),
        ("versions", _versions(host)),
    )


def _jetson_rows(jetson: Jetson) -> tuple[tuple[str, str], ...]:
    clocks = "in the JSON" if jetson.clocks else f"{NOT_MEASURED} (it needs root)"
    return (
        ("JetPack", f"{told(jetson.jetpack)} (L4T {told(jetson.l4t)}); {jetson.family}, SM {told(jetson.sm)}"),
        ("power mode", f"{told(jetson.power_mode)}; jetson_clocks --show: {clocks}"),
    )


def _governors(host: Host) -> str:
    if not host.governors:
        return told(host.environment.governor)
    return ", ".join(f"{name} on {count_text(count, 'processor')}" for name, count in host.governors.items())


def _gpu(gpu: Gpu) -> str:
    memory = "memory shared with the host or not told" if gpu.memory_bytes is None else megabytes_text(gpu.memory_bytes)
    return f"{gpu.name}, SM {told(gpu.sm)}, {memory}, driver {told(gpu.driver)}"


def clocks_text(now: Mapping[str, float], most: Mapping[str, float]) -> str:
    """Clocks of one kind together, such as those of all processors, and the most that they may reach."""
    kinds: dict[str, list[str]] = {}
    for name in now:
        kinds.setdefault(re.sub(r"\d+$", "", name), []).append(name)
    texts = []
    for kind, names in kinds.items():
        known = [most[name] for name in names if name in most]
        of = f" of {_range(known)}" if known else ""
        label = names[0] if len(names) == 1 else f"{kind} ({len(names)})"
        texts.append(f"{label} {_range([now[name] for name in names])}{of} MHz")
    return ", ".join(texts) or NOT_MEASURED


def _range(values: list[float]) -> str:
    low, high = f"{min(values):.0f}", f"{max(values):.0f}"
    return low if low == high else f"{low}-{high}"


def _temperatures(temperatures_c: Mapping[str, float]) -> str:
    return ", ".join(f"{name} {value:.1f} °C" for name, value in temperatures_c.items()) or NOT_MEASURED


def _versions(host: Host) -> str:
    machine = host.environment
    named = {
        "Python": machine.python,
        "NumPy": machine.numpy,
        "ONNX Runtime": machine.onnxruntime,
        **machine.engines,
        "CUDA": host.cuda,
        "TensorRT": host.tensorrt,
        "libsdst": f"{machine.libsdst} ({machine.isa})",
    }
    return ", ".join(f"{name} {told(version)}" for name, version in named.items())
