"""All that a report says of a host."""

from __future__ import annotations

from sdst_bench.environment import probe_environment
from sdst_bench.host import gpu, memory, processor
from sdst_bench.host.board import probe_board
from sdst_bench.host.host import Host
from sdst_bench.host.jetson import probe_jetson
from sdst_bench.host.sysroot import Sysroot
from sdst_bench.sensors.clocks import read_clocks_max_mhz, read_clocks_mhz
from sdst_bench.sensors.power import power_source_name
from sdst_bench.sensors.temperatures import read_temperatures_c

__all__ = ["probe_host"]


def probe_host(sysroot: Sysroot) -> Host:
    """The host, from files that are read and commands that show; nothing of it is changed."""
    board = probe_board(sysroot)
    jetson = probe_jetson(sysroot, board)
    return Host(
        environment=probe_environment(sysroot),
        board=board,
        jetson=jetson,
        gpus=gpu.probe_gpus(sysroot, board, jetson),
        cuda=gpu.cuda_version(sysroot),
        tensorrt=gpu.tensorrt_version(sysroot),
        cpu_features=processor.cpu_features(sysroot) or (),
        governors=processor.governors(sysroot),
        clocks_mhz=read_clocks_mhz(sysroot),
        clocks_max_mhz=read_clocks_max_mhz(sysroot),
        temperatures_c=read_temperatures_c(sysroot),
        memory_bytes=memory.total_bytes(sysroot),
        memory_available_bytes=memory.available_bytes(sysroot),
        power_sensor=power_source_name(sysroot),
    )
