"""Lines of tegrastats that users have quoted, and a program that writes them."""

from __future__ import annotations

from itertools import count
from pathlib import Path

import pytest

from sdst_bench.host.sysroot import Sysroot
from sdst_bench.not_measured import NotMeasured
from sdst_bench.sensors import tegrastats
from sdst_bench.sensors.tegrastats import Tegrastats, open_tegrastats, rails_of
from sdst_runtime.errors import DeviceError
from tests.fake_orin import AGX_ORIN_LINE, NO_ROOT_LINE, ORIN_NANO_LINE, TX2_LINE, write_command, write_file
from tests.processes import wait_for_exit

NO_ROOT_RAILS = {"VDD_IN": 4824.0, "VDD_CPU_GPU_CV": 518.0, "VDD_SOC": 1475.0}


def test_line_of_an_orin_nano() -> None:
    assert rails_of(ORIN_NANO_LINE) == {"VDD_IN": 12479.0, "VDD_CPU_GPU_CV": 4667.0, "VDD_SOC": 2817.0}


def test_line_for_a_user_who_is_not_root() -> None:
    assert rails_of(NO_ROOT_LINE) == NO_ROOT_RAILS


def test_line_of_an_agx_orin_leaves_out_what_is_not_connected() -> None:
    assert rails_of(AGX_ORIN_LINE) == {
        "VDD_GPU_SOC": 2340.0,
        "VDD_CPU_CV": 390.0,
        "VIN_SYS_5V0": 4025.0,
        "VDDQ_VDD2_1V8AO": 301.0,
    }


def test_line_before_jetpack_5_has_no_units() -> None:
    assert rails_of(TX2_LINE) == {
        "VDD_SYS_GPU": 182.0,
        "VDD_SYS_SOC": 730.0,
        "VDD_4V0_WIFI": 0.0,
        "VDD_IN": 5297.0,
        "VDD_SYS_CPU": 1917.0,
        "VDD_SYS_DDR": 1241.0,
    }


@pytest.mark.parametrize("line", [ORIN_NANO_LINE, NO_ROOT_LINE, AGX_ORIN_LINE, TX2_LINE])
def test_line_that_is_cut_off_tells_no_wrong_power(line: str) -> None:
    whole = rails_of(line)
    for length in range(len(line)):
        assert rails_of(line[:length]).items() <= whole.items()


@pytest.mark.parametrize("line", ["", "\0\0", "VDD_IN mW/mW", "VDD_IN -5mW/3mW", "vdd_in 5/5", "usage: tegrastats"])
def test_other_lines_tell_nothing(line: str) -> None:
    assert rails_of(line) == {}


def test_program_is_read_line_by_line(tmp_path: Path) -> None:
    write_program(tmp_path, f"while :; do echo '{NO_ROOT_LINE}'; sleep 0.01; done")
    reader = open_tegrastats(Sysroot(tmp_path), 0.0)
    try:
        assert reader.read_mw(1.0) == NO_ROOT_RAILS
        assert (reader.source, reader.in_total) == ("tegrastats", ("VDD_IN",))
    finally:
        reader.close()


def test_lines_that_lack_a_rail_are_passed_over(tmp_path: Path) -> None:
    cut = NO_ROOT_LINE.removesuffix(" VDD_SOC 1475mW/1475mW")
    write_program(tmp_path, f"echo '{NO_ROOT_LINE}'; while :; do echo '{cut}'; echo '{NO_ROOT_LINE}'; sleep 0.01; done")
    reader = open_tegrastats(Sysroot(tmp_path), 0.0)
    try:
        assert [reader.read_mw(1.0) for _ in range(5)] == [NO_ROOT_RAILS] * 5
    finally:
        reader.close()


@pytest.mark.parametrize(("status", "copied"), [(0, False), (3, True)])
def test_program_that_ends_says_so(status: int, copied: bool, tmp_path: Path) -> None:
    write_program(tmp_path, f"echo '{NO_ROOT_LINE}'; sleep 0.1; exit {status}")
    reader = Tegrastats(str(tmp_path / "bin/tegrastats"), copied=copied)
    with pytest.raises(DeviceError, match="tegrastats ended"):
        read_to_the_end(reader)
    reader.close()


def test_line_that_a_board_once_wrote_stands(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_command(tmp_path, "tegrastats", NO_ROOT_LINE)
    reader = open_tegrastats(Sysroot(tmp_path), 0.0)
    wait_for_end(reader)
    monkeypatch.setattr(tegrastats, "PATIENCE_S", 0.0)
    assert reader.read_mw(1.0) == NO_ROOT_RAILS
    reader.close()


def test_program_that_falls_silent_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_program(tmp_path, f"echo '{NO_ROOT_LINE}'; exec sleep 60")
    reader = open_tegrastats(Sysroot(tmp_path), 0.0)
    monkeypatch.setattr(tegrastats, "PATIENCE_S", 0.0)
    with pytest.raises(DeviceError, match="wrote no line"):
        reader.read_mw(1.0)
    reader.close()


def test_program_without_rails_says_so(tmp_path: Path) -> None:
    write_command(tmp_path, "tegrastats", "RAM 1/2MB GR3D_FREQ @[1000,1000,1000]")
    with pytest.raises(NotMeasured, match="tegrastats ended"):
        open_tegrastats(Sysroot(tmp_path), 0.0)


def test_program_that_is_silent_is_not_waited_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tegrastats, "PATIENCE_S", 0.05)
    write_program(tmp_path, "exec sleep 60")
    with pytest.raises(NotMeasured, match=r"tegrastats wrote no line with a rail's power in 0\.05 s"):
        open_tegrastats(Sysroot(tmp_path), 0.0)


def test_what_the_program_has_started_ends_with_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tegrastats, "PATIENCE_S", 0.5)
    write_program(tmp_path, "sleep 60 & echo $! > $0.child; sleep 60")
    with pytest.raises(NotMeasured, match="tegrastats wrote no line"):
        open_tegrastats(Sysroot(tmp_path), 0.0)
    wait_for_exit(tmp_path / "bin/tegrastats.child")


def test_program_that_will_not_end_is_killed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_program(tmp_path, f"trap : TERM; echo $$ > $0.pid; while :; do echo '{NO_ROOT_LINE}'; sleep 0.01; done")
    reader = open_tegrastats(Sysroot(tmp_path), 0.0)
    monkeypatch.setattr(tegrastats, "PATIENCE_S", 0.1)
    reader.close()
    wait_for_exit(tmp_path / "bin/tegrastats.pid")


def test_program_that_will_not_end_is_killed_when_the_user_does_not_wait(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_program(tmp_path, f"trap : TERM; echo $$ > $0.pid; while :; do echo '{NO_ROOT_LINE}'; sleep 0.01; done")
    reader = open_tegrastats(Sysroot(tmp_path), 0.0)
    join, waits = reader._thread.join, count()

    def interrupt_first(seconds: float | None = None) -> None:
        if next(waits) == 0:
            raise KeyboardInterrupt
        join(seconds)

    monkeypatch.setattr(reader._thread, "join", interrupt_first)
    with pytest.raises(KeyboardInterrupt):
        reader.close()
    wait_for_exit(tmp_path / "bin/tegrastats.pid")


def test_line_without_an_end_is_cut(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tegrastats, "PATIENCE_S", 0.1)
    write_program(tmp_path, "exec cat /dev/zero")
    with pytest.raises(NotMeasured, match="tegrastats wrote no line"):
        open_tegrastats(Sysroot(tmp_path), 0.0)


def test_program_that_cannot_be_started_says_why(tmp_path: Path) -> None:
    write_file(tmp_path, "bin/tegrastats", "not a program")
    with pytest.raises(NotMeasured, match=r"bin/tegrastats cannot be started: Permission denied"):
        open_tegrastats(Sysroot(tmp_path), 0.0)


def read_to_the_end(reader: Tegrastats) -> None:
    while True:
        assert reader.read_mw(1.0) == NO_ROOT_RAILS


def wait_for_end(reader: Tegrastats) -> None:
    reader._thread.join(10.0)
    assert not reader._thread.is_alive()


def write_program(root: Path, script: str) -> None:
    write_file(root, "bin/tegrastats", f"#!/bin/sh\n{script}\n").chmod(0o755)
