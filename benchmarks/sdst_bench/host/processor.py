"""The processor: its name, its instructions, its governors."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from typing import Final

from sdst_bench.host.sysroot import Sysroot

__all__ = ["INT8_FEATURES", "count_cpus", "cpu_features", "cpu_name", "governors"]

#: As ``/proc/cpuinfo`` calls them: on x86 VNNI, on Arm the dot product and matrix extensions.
INT8_FEATURES: Final = ("avx512_vnni", "avx_vnni", "avx_vnni_int8", "amx_int8", "asimddp", "i8mm")

#: Beside these, vectors of our kernels, and of half floats.
_FEATURES: Final = (
    *("avx2", "fma", "f16c", "avx512f", "avx512_bf16", "avx512_fp16", "amx_bf16"),
    *("neon", "asimd", "asimdhp", "bf16", "sve", "sve2"),
    *INT8_FEATURES,
)

#: ``CPU implementer`` and ``CPU part`` of ``/proc/cpuinfo``, which has no name on Arm, for processors of boards and
#: phones; numbers of the kernel's ``arch/arm64/include/asm/cputype.h``.
_ARM_NAMES: Final[Mapping[tuple[int, int], str]] = {
    (0x41, 0xD03): "Cortex-A53",
    (0x41, 0xD04): "Cortex-A35",
    (0x41, 0xD05): "Cortex-A55",
    (0x41, 0xD07): "Cortex-A57",
    (0x41, 0xD08): "Cortex-A72",
    (0x41, 0xD09): "Cortex-A73",
    (0x41, 0xD0A): "Cortex-A75",
    (0x41, 0xD0B): "Cortex-A76",
    (0x41, 0xD0C): "Neoverse-N1",
    (0x41, 0xD0D): "Cortex-A77",
    (0x41, 0xD0E): "Cortex-A76AE",
    (0x41, 0xD40): "Neoverse-V1",
    (0x41, 0xD41): "Cortex-A78",
    (0x41, 0xD42): "Cortex-A78AE",
    (0x41, 0xD44): "Cortex-X1",
    (0x41, 0xD46): "Cortex-A510",
    (0x41, 0xD47): "Cortex-A710",
    (0x41, 0xD48): "Cortex-X2",
    (0x41, 0xD49): "Neoverse-N2",
    (0x41, 0xD4B): "Cortex-A78C",
    (0x41, 0xD4D): "Cortex-A715",
    (0x41, 0xD4E): "Cortex-X3",
    (0x41, 0xD4F): "Neoverse-V2",
    (0x41, 0xD80): "Cortex-A520",
    (0x41, 0xD81): "Cortex-A720",
    (0x41, 0xD82): "Cortex-X4",
    (0x41, 0xD83): "Neoverse-V3AE",
    (0x41, 0xD84): "Neoverse-V3",
    (0x41, 0xD85): "Cortex-X925",
    (0x41, 0xD87): "Cortex-A725",
    (0x4E, 0x003): "NVIDIA Denver 2",
    (0x4E, 0x004): "NVIDIA Carmel",
}


def cpu_name(sysroot: Sysroot) -> str:
    """Name of the processor; of all kinds of cores on Arm, such as ``Cortex-A55 + Cortex-A76``; empty if unknown."""
    makers, parts = (_cpuinfo(sysroot, name) for name in ("CPU implementer", "CPU part"))
    kinds = [(int(maker, 16), int(part, 16)) for maker, part in zip(makers, parts, strict=False)]
    if kinds and all(kind in _ARM_NAMES for kind in kinds):
        return " + ".join(sorted({_ARM_NAMES[kind] for kind in kinds}))
    return next(iter(_cpuinfo(sysroot, "model name")), "")


def cpu_features(sysroot: Sysroot) -> tuple[str, ...] | None:
    """Of the instruction set, those that our kernels and INT8 hang on; None where the host does not tell."""
    lines = _cpuinfo(sysroot, "(?:flags|Features)")
    if not lines:
        return None
    flags = set(lines[0].split())
    return tuple(name for name in _FEATURES if name in flags)


def count_cpus(sysroot: Sysroot) -> int:
    """Logical processors; 0 where the host does not tell."""
    return len(_cpuinfo(sysroot, "processor")) or len(sysroot.glob("sys/devices/system/cpu/cpu[0-9]*"))


def governors(sysroot: Sysroot) -> dict[str, int]:
    """Governors of the processors' frequencies: how many have it."""
    files = sysroot.glob("sys/devices/system/cpu/cpu[0-9]*/cpufreq/scaling_governor")
    texts = (sysroot.read(str(file.relative_to(sysroot.root))) for file in files)
    return dict(Counter(text for text in texts if text))


def _cpuinfo(sysroot: Sysroot, name: str) -> list[str]:
    """Values of a line that ``/proc/cpuinfo`` has once a processor."""
    text = sysroot.read("proc/cpuinfo") or ""
    return [value.strip() for value in re.findall(rf"^{name}[ \t]*:[ \t]*(\S.*)$", text, re.MULTILINE)]
