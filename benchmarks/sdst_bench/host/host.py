"""What a report says of the host. None, an empty text or an empty table: the host does not tell it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

__all__ = ["NOT_KNOWN", "Board", "Environment", "Gpu", "Host", "Jetson"]

#: What a text of an :class:`Environment` reads where the host does not tell it.
NOT_KNOWN = "not known"


@dataclass(frozen=True, slots=True, kw_only=True)
class Environment:
    """Hardware, system and versions; every text is ``"not known"`` where the host does not tell it.

    Of another root, hardware and system are that root's; versions and ``cores_usable`` are this process's.

    Attributes:
        cpu: name of the processor.
        cores: logical processors of the host; None where another root does not tell it.
        cores_usable: logical processors that this process may run on.
        governor: frequency governor of the first processor.
        board: model of a single-board computer, or empty.
        system: operating system and kernel.
        python: version.
        numpy: version.
        onnxruntime: version, or ``"not installed"``: other engines run without it.
        libsdst: version, or ``"not installed"``.
        isa: instruction set whose kernels libsdst runs.
        int8: the processor's instructions for dot products of bytes, on which the speed of INT8 hangs, or
            ``"none"``.
        engines: versions of the other engines that this process has loaded, by name.
    """

    cpu: str
    cores: int | None
    cores_usable: int
    governor: str
    board: str
    system: str
    python: str
    numpy: str
    onnxruntime: str
    libsdst: str
    isa: str
    int8: str
    engines: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Board:
    """A single-board computer as its device tree describes it, or an Android device by its properties.

    Attributes:
        model: such as ``NVIDIA Jetson Orin Nano Developer Kit``; empty on hosts without a device tree, such as PCs.
        soc: such as ``tegra234`` or ``bcm2712``; empty where it is not known.
        part: NVIDIA's number of module and carrier, such as ``p3768-0000+p3767-0005``; empty elsewhere.
    """

    model: str = ""
    soc: str = ""
    part: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Jetson:
    """What is NVIDIA's own on a Jetson.

    Attributes:
        family: such as ``Orin``.
        sm: compute capability of the GPU, such as ``8.7``.
        l4t: version of Linux for Tegra, such as ``36.4.3``; empty where it is not known.
        jetpack: version by L4T's, such as ``6.2``; empty where L4T is not known or newer than our table.
        power_mode: as ``nvpmodel -q`` names it, such as ``15W``; empty where it cannot be asked.
        clocks: what ``jetson_clocks --show`` says; empty where it cannot be asked (it needs root).
    """

    family: str
    sm: str
    l4t: str = ""
    jetpack: str = ""
    power_mode: str = ""
    clocks: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Gpu:
    """A GPU that CUDA sees.

    Attributes:
        name: such as ``NVIDIA GeForce RTX 4070``, or the Jetson's.
        sm: compute capability, such as ``8.9``; empty where it is not known.
        memory_bytes: of its own; None where it shares the host's.
        driver: version.
    """

    name: str
    sm: str = ""
    memory_bytes: int | None = None
    driver: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Host:
    """The machine that was measured.

    Attributes:
        environment: processor, system and versions of this process.
        board: by the device tree.
        jetson: None on other hosts.
        gpus: that CUDA sees.
        cuda: version of the toolkit or runtime.
        tensorrt: version of the libraries or the Python package.
        cpu_features: of the instruction set, those that our kernels and INT8 hang on.
        governors: of the processors' frequencies, by name: how many processors have it.
        clocks_mhz: at the start of the run, by the name of what is clocked, such as ``cpu0`` or ``gpu``.
        clocks_max_mhz: that may be reached under the present power mode, by the same names.
        temperatures_c: at the start of the run, by the sensor's name.
        memory_bytes: of the host.
        memory_available_bytes: at the start of the run.
        power_sensor: from which power is read: ``INA3221``, ``tegrastats``, ``RAPL``; empty where there is none.
    """

    environment: Environment
    board: Board = field(default_factory=Board)
    jetson: Jetson | None = None
    gpus: tuple[Gpu, ...] = ()
    cuda: str = ""
    tensorrt: str = ""
    cpu_features: tuple[str, ...] = ()
    governors: Mapping[str, int] = field(default_factory=dict)
    clocks_mhz: Mapping[str, float] = field(default_factory=dict)
    clocks_max_mhz: Mapping[str, float] = field(default_factory=dict)
    temperatures_c: Mapping[str, float] = field(default_factory=dict)
    memory_bytes: int | None = None
    memory_available_bytes: int | None = None
    power_sensor: str = ""
