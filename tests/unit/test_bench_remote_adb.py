"""Measuring on an Android device: against a scripted adb, whose device is a folder."""

from __future__ import annotations

import json
import os
import shutil
import sys
from pathlib import Path

import pytest

from sdst_bench.report.files import report_json
from sdst_edge.workflows.bench.remote import Patience, RemoteRequest, RemoteStopped
from sdst_edge.workflows.bench.remote.adb import open_adb
from sdst_edge.workflows.bench.remote.board import read_board
from sdst_edge.workflows.bench.remote.bundles import send_bundles
from sdst_edge.workflows.bench.remote.receiving import Receiver
from sdst_edge.workflows.bench.remote.run import receive_report
from sdst_runtime.errors import BackendUnavailable, ConfigError, DeviceError
from tests.made_up_bench import made_up_report, partial_report

REQUEST = RemoteRequest(bundles=(Path("m"),), device="android", patience=Patience(answer=20.0, work=20.0, stop=5.0))
ODD = 'it\'s "odd" $HOME `x` *'


@pytest.fixture
def adb(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Folder of an adb that lists one device, S1."""
    folder = tmp_path / "adb"
    (folder / "data").mkdir(parents=True)
    (folder / "devices").write_text("S1\tdevice\n")
    source = (Path(__file__).parents[1] / "scripted_adb.py").read_text().partition("\n")[2]
    (folder / "adb").write_text(f"#!{sys.executable}\n{source}")
    (folder / "adb").chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}:{os.environ['PATH']}")
    return folder


def failure(request: RemoteRequest = REQUEST) -> str:
    with pytest.raises(DeviceError) as caught, open_adb(request):
        pass
    return str(caught.value)


@pytest.mark.parametrize(
    ("devices", "text"),
    [
        ("", "adb lists no device; connect one with USB debugging on, or reach it by SSH: --host user@phone:8022"),
        ("S1\tdevice\nS2\tdevice\n", "adb lists S1, S2; name one: --serial S1"),
        (
            "S1\tunauthorized\n",
            "S1 is not ready: adb calls it 'unauthorized'; unlock it and allow USB debugging from this computer",
        ),
        ("S1\toffline\n", "S1 is not ready: adb calls it 'offline'; unplug it and plug it in again, or: adb reconnect"),
        (
            "S1\tno permissions (user in plugdev group; are your udev rules wrong?)\n",
            "S1 is not ready: adb calls it 'no permissions (user in plugdev group; are your udev rules wrong?)'; "
            "this user may not open the USB device: sudo apt install android-sdk-platform-tools-common",
        ),
        ("S1\trescue\n", "S1 is not ready: adb calls it 'rescue'; start it as usual"),
    ],
)
def test_device_that_is_not_ready_is_told(adb: Path, devices: str, text: str) -> None:
    (adb / "devices").write_text(devices)
    assert failure() == text


def test_serial_is_taken_and_must_be_listed(adb: Path) -> None:
    (adb / "devices").write_text("S1\tdevice\nS2\tdevice\n")
    named = RemoteRequest(bundles=REQUEST.bundles, device="android", serial="S2")
    with open_adb(named) as connection:
        assert (connection.name, connection.reached_by) == ("S2", "adb S2")
    assert failure(RemoteRequest(bundles=REQUEST.bundles, device="android", serial="S3")) == (
        "adb lists no device S3; it lists S1, S2"
    )


def test_absent_adb_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(BackendUnavailable, match="sudo apt install adb"), open_adb(REQUEST):
        pass


def test_commands_and_files_arrive_as_they_are(adb: Path, tmp_path: Path, toy_bundle: Path) -> None:
    bundle = tmp_path / ODD
    shutil.copytree(toy_bundle, bundle)
    with open_adb(REQUEST) as connection:
        assert connection.run(["printf", "%s|", ODD, ""], timeout=20).stdout == f"{ODD}||"
        assert connection.run(["sh", "-c", "exit 3"], timeout=20).status == 3
        (there,) = send_bundles([bundle], connection, str(adb / "data"), REQUEST.patience, lambda _: None)
    assert (Path(there) / "manifest.json").read_bytes() == (bundle / "manifest.json").read_bytes()
    assert list((adb / "data").rglob("*.tar")) == []


def test_facts_and_their_absence(adb: Path) -> None:
    with open_adb(REQUEST) as connection:
        assert read_board(connection, sys.executable, REQUEST.patience).cache == str(adb / "data" / "sdst-edge")
        with pytest.raises(DeviceError, match="S1 has no python3-of-nobody"):
            read_board(connection, "python3-of-nobody", REQUEST.patience)


def test_full_device_is_told(adb: Path, tmp_path: Path) -> None:
    (adb / "full").touch()
    with open_adb(REQUEST) as connection, pytest.raises(DeviceError, match="No space left on device; free some room"):
        connection.send({"x": adb / "devices"}, str(tmp_path))


def test_report_comes_back(adb: Path) -> None:
    (adb / "lines").write_text(json.dumps(json.loads(report_json(made_up_report()))) + "\n")
    with open_adb(REQUEST) as connection:
        receiver = Receiver(connection, "", {"m/": "m"}, lambda _: None)
        report = receive_report(connection, ["cat", str(adb / "lines")], receiver, lambda _: None)
    assert (report.reached_by, report.bundles[0].setup.bundle) == ("adb S1", "m")


def test_unplugged_device_leaves_what_was_measured(adb: Path) -> None:
    (adb / "lines").write_text(json.dumps(json.loads(report_json(partial_report(stopped="")))) + "\n")
    command = ["sh", "-c", f"cat '{adb}/lines'; exec sleep 60"]
    with open_adb(REQUEST) as connection:
        with pytest.raises(RemoteStopped) as stopped:
            receive_report(connection, command, Receiver(connection, "", {}, lambda _: (adb / "gone").touch()), print)
        with pytest.raises(DeviceError, match="the connection to S1 was lost: adb: device 'S1' not found"):
            connection.run(["true"], timeout=20)
    report = stopped.value.report
    assert report is not None
    assert (report.complete, report.stopped) == (
        False,
        "S1: the bench there ended without its last report; is it still connected?",
    )


def test_ways_to_one_machine_exclude_each_other() -> None:
    with pytest.raises(ConfigError, match="--host and --serial exclude each other"):
        RemoteRequest(bundles=(Path("m"),), device="android", host="user@board", serial="S1")
    with pytest.raises(ConfigError, match="add --host user@board"):
        RemoteRequest(bundles=(Path("m"),), device="android", ssh_options=("A=b",))
    with pytest.raises(ConfigError, match="--remote-python is '-c'"):
        RemoteRequest(bundles=(Path("m"),), device="android", python="-c")
    with pytest.raises(ConfigError, match="no bundle to measure"):
        RemoteRequest(bundles=(), device="android")
