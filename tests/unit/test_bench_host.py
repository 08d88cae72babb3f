"""What a host tells, read from folders laid out like its root."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from sdst_bench.host.gpu import cuda_version, probe_gpus, tensorrt_version
from sdst_bench.host.host import Board, Gpu, Host, Jetson
from sdst_bench.host.jetson import probe_jetson
from sdst_bench.host.probe import probe_host
from sdst_bench.host.processor import cpu_features, cpu_name
from sdst_bench.host.sysroot import THIS_HOST, Sysroot
from sdst_runtime.errors import ConfigError
from sdst_runtime.strict import from_plain, to_plain
from tests.fake_orin import fake_orin, write_command, write_file
from tests.processes import wait_for_exit

ORIN = Board(soc="tegra234")


def tree(root: Path, model: str, *compatible: str) -> Sysroot:
    write_file(root, "proc/device-tree/model", f"{model}\0")
    write_file(root, "proc/device-tree/compatible", "".join(f"{entry}\0" for entry in compatible))
    return Sysroot(root)


def test_probe_host_tells_an_orin_nano(tmp_path: Path) -> None:
    host = probe_host(Sysroot(fake_orin(tmp_path)))
    assert host.board == Board(
        model="NVIDIA Jetson Orin Nano Developer Kit", soc="tegra234", part="p3768-0000+p3767-0005"
    )
    assert host.jetson == Jetson(family="Orin", sm="8.7", l4t="36.4.3", jetpack="6.2", power_mode="15W", clocks="")
    assert host.gpus == (Gpu(name="Orin (tegra234)", sm="8.7"),)
    assert (host.governors, host.clocks_mhz["gpu"], host.temperatures_c) == (
        {"schedutil": 6},
        621.0,
        {"cpu-thermal": 50.031},
    )
    assert (host.memory_bytes, host.memory_available_bytes) == (7620 * 2**20, 1435 * 2**20)
    assert host.power_sensor == "INA3221"
    assert (host.environment.cores, host.environment.board) == (6, host.board.model)


def test_probe_host_takes_nothing_of_this_host_for_another_root(tmp_path: Path) -> None:
    host = probe_host(Sysroot(tmp_path))
    assert host == Host(environment=host.environment)
    assert (host.environment.cpu, host.environment.governor, host.environment.system) == ("not known",) * 3
    assert host.environment.cores is None


def test_probe_host_of_this_machine_comes_back_from_json() -> None:
    host = probe_host(THIS_HOST)
    assert host.memory_bytes is None or host.memory_bytes > 2**20
    assert from_plain(Host, to_plain(host), where="host", error=ConfigError) == host


def test_probe_host_tells_a_raspberry_pi(tmp_path: Path) -> None:
    host = probe_host(tree(tmp_path, "Raspberry Pi 5 Model B Rev 1.0", "raspberrypi,5-model-b", "brcm,bcm2712"))
    assert host.board == Board(model="Raspberry Pi 5 Model B Rev 1.0", soc="bcm2712")
    assert host.jetson is None


def test_probe_host_tells_a_phone(tmp_path: Path) -> None:
    write_file(
        tmp_path, "system/build.prop", "ro.product.manufacturer=Some\nro.product.model=Phone 3\nro.soc.model=S8\n"
    )
    assert probe_host(Sysroot(tmp_path)).board == Board(model="Some Phone 3", soc="S8")
    write_file(tmp_path, "system/build.prop", "ro.build.version.release=14\n")
    assert probe_host(Sysroot(tmp_path)).environment.system == "Android 14, not known"


def test_probe_host_finds_the_part_in_the_model_when_compatible_has_none(tmp_path: Path) -> None:
    sysroot = tree(tmp_path, "NVIDIA p3668-0000 on some carrier", "nvidia,tegra194")
    assert probe_host(sysroot).board.part == "p3668-0000"


def test_probe_host_tells_a_jetson_from_inside_a_container(tmp_path: Path) -> None:
    for name, text in {"family": "Tegra", "machine": "NVIDIA Jetson AGX Orin", "soc_id": "35"}.items():
        write_file(tmp_path, f"sys/devices/soc0/{name}", f"{text}\n")
    host = probe_host(Sysroot(tmp_path))
    assert host.board == Board(model="NVIDIA Jetson AGX Orin", soc="tegra234")
    assert host.jetson is not None


def test_probe_jetson_reads_the_package_when_the_release_file_is_missing(tmp_path: Path) -> None:
    write_command(tmp_path, "dpkg-query", "nvidia-l4t-core\t36.4.4-20250616085344")
    told = probe_jetson(Sysroot(tmp_path), ORIN)
    assert told == Jetson(family="Orin", sm="8.7", l4t="36.4.4", jetpack="6.2.1")


@pytest.mark.parametrize(
    ("revision", "l4t", "jetpack"),
    [("R36 (release), REVISION: 3", "36.3.0", "6.0"), ("R40 (release), REVISION: 1.2", "40.1.2", "")],
)
def test_probe_jetson_knows_no_jetpack_of_a_newer_l4t(revision: str, l4t: str, jetpack: str, tmp_path: Path) -> None:
    write_file(tmp_path, "etc/nv_tegra_release", f"# {revision}, GCID: 1\n")
    told = probe_jetson(Sysroot(tmp_path), ORIN)
    assert told is not None
    assert (told.l4t, told.jetpack, told.power_mode) == (l4t, jetpack, "")


def test_probe_jetson_takes_only_the_line_of_the_power_mode(tmp_path: Path) -> None:
    write_command(tmp_path, "nvpmodel", "NVPM WARN: fan mode is not set!\nNV Power Mode: MAXN_SUPER\n2")
    write_command(tmp_path, "jetson_clocks", "SOC family:tegra234")
    told = probe_jetson(Sysroot(tmp_path), ORIN)
    assert told is not None
    assert (told.power_mode, told.clocks) == ("MAXN_SUPER", "SOC family:tegra234")


def test_probe_host_goes_on_when_permission_is_denied(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    read_text = Path.read_text

    def denied(path: Path, **options: str) -> str:
        if path.name in ("nv_tegra_release", "meminfo"):
            raise PermissionError(13, "Permission denied", str(path))
        return read_text(path, **options)

    monkeypatch.setattr(Path, "read_text", denied)
    host = probe_host(Sysroot(fake_orin(tmp_path)))
    assert host.jetson is not None
    assert (host.jetson.l4t, host.jetson.power_mode, host.memory_bytes) == ("", "15W", None)


def test_sysroot_reads_none_when_a_folder_is_in_the_place_of_a_file(tmp_path: Path) -> None:
    (tmp_path / "etc/nv_tegra_release").mkdir(parents=True)
    assert Sysroot(tmp_path).read("etc/nv_tegra_release") is None


def test_sysroot_follows_no_link_out_of_its_root(tmp_path: Path) -> None:
    write_file(tmp_path, "outside/model", "this host")
    write_command(tmp_path / "outside", "nvpmodel", "this host")
    root = tmp_path / "root"
    for name, target in {"proc/device-tree": "outside", "bin/nvpmodel": "outside/bin/nvpmodel"}.items():
        (root / name).parent.mkdir(parents=True)
        (root / name).symlink_to(tmp_path / target)
    sysroot = Sysroot(root)
    assert sysroot.read("proc/device-tree/model") is None
    assert sysroot.glob("proc/device-tree/*") == ()
    assert sysroot.run("nvpmodel", "-q") is None


def test_sysroot_passes_over_links_in_a_circle_and_pipes(tmp_path: Path) -> None:
    sysroot = tree(tmp_path, "some board")
    (tmp_path / "etc").mkdir()
    (tmp_path / "etc/nv_tegra_release").symlink_to("nv_tegra_release")
    (tmp_path / "proc/device-tree/compatible").unlink()
    os.mkfifo(tmp_path / "proc/device-tree/compatible")
    assert [sysroot.read(name) for name in ("etc/nv_tegra_release", "proc/device-tree/compatible")] == [None, None]
    assert sysroot.glob("etc/*") == (tmp_path / "etc/nv_tegra_release",)
    assert probe_host(sysroot).board == Board(model="some board")


def test_sysroot_ends_what_a_command_that_hangs_has_started(tmp_path: Path) -> None:
    write_file(tmp_path, "bin/nvpmodel", "#!/bin/sh\nsleep 60 & echo $! > $0.child; sleep 60\n").chmod(0o755)
    assert Sysroot(tmp_path, command_seconds=0.5).run("nvpmodel", "-q") is None
    wait_for_exit(tmp_path / "bin/nvpmodel.child")


def test_sysroot_runs_none_when_a_command_hangs_fails_or_is_missing(tmp_path: Path) -> None:
    write_file(tmp_path, "bin/hangs", "#!/bin/sh\nexec sleep 60\n").chmod(0o755)
    write_file(tmp_path, "bin/fails", "#!/bin/sh\necho half\nexit 1\n").chmod(0o755)
    sysroot = Sysroot(tmp_path, command_seconds=0.05)
    assert [sysroot.run(name) for name in ("hangs", "fails", "missing", "sh")] == [None] * 4


ARM = "processor\t: {0}\nFeatures\t: fp asimd asimdhp asimddp\nCPU implementer\t: 0x41\nCPU part\t: {1}\n\n"


def test_cpu_name_tells_arm_cores_by_their_numbers(tmp_path: Path) -> None:
    write_file(tmp_path, "proc/cpuinfo", ARM.format(0, "0xd0b") + ARM.format(1, "0xd05"))
    assert cpu_name(Sysroot(tmp_path)) == "Cortex-A55 + Cortex-A76"
    assert cpu_features(Sysroot(tmp_path)) == ("asimd", "asimdhp", "asimddp")


def test_cpu_name_is_the_listed_one_when_the_number_is_not_known(tmp_path: Path) -> None:
    write_file(tmp_path, "proc/cpuinfo", "model name\t: ARMv8 Processor rev 1 (v8l)\n" + ARM.format(0, "0xfff"))
    assert cpu_name(Sysroot(tmp_path)) == "ARMv8 Processor rev 1 (v8l)"
    write_file(tmp_path, "proc/cpuinfo", ARM.format(0, "0xfff"))
    assert cpu_name(Sysroot(tmp_path)) == ""


def test_probe_gpus_reads_nvidia_smi(tmp_path: Path) -> None:
    write_command(
        tmp_path, "nvidia-smi", "NVIDIA GeForce RTX 4070, 12282, 550.54.15, 8.9\nSome GB10, [N/A], 580.1, [N/A]"
    )
    assert probe_gpus(Sysroot(tmp_path), Board(), None) == (
        Gpu(name="NVIDIA GeForce RTX 4070", sm="8.9", memory_bytes=12282 * 2**20, driver="550.54.15"),
        Gpu(name="Some GB10", driver="580.1"),
    )


def test_probe_gpus_asks_an_old_driver_for_less(tmp_path: Path) -> None:
    script = '#!/bin/sh\ncase "$1" in *compute_cap*) exit 2 ;; esac\necho "Tesla T4, 15109, 450.80.02"\n'
    write_file(tmp_path, "bin/nvidia-smi", script).chmod(0o755)
    assert probe_gpus(Sysroot(tmp_path), Board(), None) == (
        Gpu(name="Tesla T4", memory_bytes=15109 * 2**20, driver="450.80.02"),
    )


def test_cuda_version_reads_the_list_or_asks_the_compiler(tmp_path: Path) -> None:
    assert cuda_version(Sysroot(tmp_path)) == ""
    write_command(
        tmp_path, "nvcc", "nvcc: NVIDIA (R) Cuda compiler driver\nCuda compilation tools, release 12.6, V12.6.68"
    )
    assert cuda_version(Sysroot(tmp_path)) == "12.6.68"
    write_file(tmp_path, "usr/local/cuda/version.json", '{"cuda": {"name": "CUDA SDK", "version": "12.6.11"}}')
    assert cuda_version(Sysroot(tmp_path)) == "12.6.11"
    write_file(tmp_path, "usr/local/cuda/version.json", "[broken")
    assert cuda_version(Sysroot(tmp_path)) == "12.6.68"


def test_tensorrt_version_reads_packages(tmp_path: Path) -> None:
    write_command(
        tmp_path,
        "dpkg-query",
        "libnvinfer-bin\t10.3.0.30-1+cuda12.5\nlibnvinfer10\t10.3.0.30-1+cuda12.5\nlibnvinfer6\t",
    )
    assert tensorrt_version(Sysroot(tmp_path)) == "10.3.0.30"
