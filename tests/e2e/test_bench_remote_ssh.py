"""Measuring on another machine by OpenSSH: against a real server, on this machine."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from threading import Thread
from typing import Any

import psutil
import pytest

from sdst_bench.report.files import report_json
from sdst_bench.report.model import BenchReport
from sdst_edge.workflows.bench.remote import Patience, RemoteRequest, RemoteStopped, run_remote
from sdst_edge.workflows.bench.remote.board import read_board
from sdst_edge.workflows.bench.remote.bundles import send_bundles
from sdst_edge.workflows.bench.remote.installing import ensure_installed
from sdst_edge.workflows.bench.remote.receiving import Receiver
from sdst_edge.workflows.bench.remote.run import receive_report
from sdst_edge.workflows.bench.remote.ssh import Ssh, open_ssh
from sdst_runtime.errors import BackendUnavailable, ConfigError, DeviceError
from tests.conftest import PROJECT
from tests.e2e.cli_process import fail
from tests.e2e.ssh_server import SshServer, ssh_server, until
from tests.made_up_bench import made_up_bundle, made_up_report, partial_report

ATTENDED = [sys.executable, "-m", "sdst_edge.workflows.bench.remote.attended"]
STAND_IN = [sys.executable, str(Path(__file__).with_name("bench_stand_in.py"))]
ODD = 'it\'s "odd" $HOME `x` *\t-é'

#: Short, as tests have no patience; alive: 5 s.
PATIENCE = Patience(connect=10, alive=1, alive_count=4, answer=60.0, work=300.0, stop=8.0)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SshServer]:
    with ssh_server(tmp_path_factory.mktemp("sshd")) as running:
        yield running


@pytest.fixture
def own_server(tmp_path: Path) -> Iterator[SshServer]:
    """One to break."""
    folder = tmp_path / "sshd"
    folder.mkdir()
    with ssh_server(folder) as running:
        yield running


def asked(server: SshServer, **changes: Any) -> RemoteRequest:
    values: dict[str, Any] = {
        "bundles": (Path("m"),),
        "device": "cpu",
        "host": server.host,
        "ssh_options": server.options(),
        "python": sys.executable,
        "patience": PATIENCE,
    }
    return RemoteRequest(**{**values, **changes})


@pytest.fixture(scope="module")
def connection(server: SshServer) -> Iterator[Ssh]:
    with open_ssh(asked(server)) as ssh:
        yield ssh


def line(report: BenchReport) -> str:
    return json.dumps(json.loads(report_json(report))) + "\n"


def stand_in(folder: Path, *reports: BenchReport, **files: str) -> list[str]:
    """The command of a bench that writes these reports; ``files``: further ones for it."""
    folder.mkdir(exist_ok=True)
    for name, text in {"lines": "".join(map(line, reports)), **files}.items():
        (folder / name).write_text(text)
    return [*ATTENDED, *STAND_IN, str(folder)]


def received(
    connection: Ssh, command: Sequence[str], on_progress: Callable[[str], None] = lambda _: None
) -> BenchReport:
    return receive_report(connection, command, Receiver(connection, "", {}, lambda _: None), on_progress)


def has_ended(folder: Path) -> Callable[[], bool]:
    return lambda: not psutil.pid_exists(int((folder / "pid").read_text()))


def test_commands_run_there_as_they_are_written(connection: Ssh) -> None:
    done = connection.run(["printf", "%s|", ODD, "", "a  b"], timeout=20)
    assert (done.status, done.stdout, done.stderr) == (0, f"{ODD}||a  b|", "")
    assert connection.run(["cat"], timeout=20, data=b"text").stdout == "text"
    assert connection.run(["sh", "-c", "exit 3"], timeout=20).status == 3


def test_a_command_that_does_not_end_is_given_up(connection: Ssh) -> None:
    with pytest.raises(DeviceError, match=r"sleep: no end after 0\.2 s; given up"):
        connection.run(["sleep", "60"], timeout=0.2)


def test_files_arrive_whole_under_odd_names(connection: Ssh, tmp_path: Path) -> None:
    there = tmp_path / ODD
    there.mkdir()
    (tmp_path / "source").write_bytes(bytes(range(256)) * 1000)
    connection.send({f"{ODD}/{ODD}.onnx": tmp_path / "source"}, str(there))
    assert (there / ODD / f"{ODD}.onnx").read_bytes() == (tmp_path / "source").read_bytes()
    with pytest.raises(DeviceError, match="files cannot be written in"):
        connection.send({"x": tmp_path / "source"}, str(tmp_path / "absent"))


def test_a_full_disk_there_is_told(connection: Ssh, server: SshServer, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    tar = server.programs / "tar"
    text = (
        "echo 'tar: x: Cannot write: No space left on device' >&2; echo 'tar: Exiting with failure status' >&2; exit 2"
    )
    tar.write_text(f"#!/bin/sh\ncat >/dev/null; {text}\n")
    tar.chmod(0o755)
    try:
        with pytest.raises(DeviceError, match="No space left on device; free some room there"):
            connection.send({"x": tmp_path / "file"}, str(tmp_path))
    finally:
        tar.unlink()


def test_user_authenticates_once(server: SshServer) -> None:
    before = server.log().count("Accepted publickey")
    with open_ssh(asked(server)) as connection:
        for _ in range(3):
            assert connection.run(["true"], timeout=20).status == 0
    assert server.log().count("Accepted publickey") == before + 1


def test_nothing_stays_in_the_background(own_server: SshServer) -> None:
    until(lambda: not own_server.process.children(), "the last connection to end")
    with open_ssh(asked(own_server)):
        assert own_server.process.children()
    until(lambda: not own_server.process.children(), "this connection to end")


def failure(request: RemoteRequest) -> str:
    with pytest.raises(DeviceError) as caught, open_ssh(request):
        pass
    return str(caught.value)


def test_wrong_port_is_told(server: SshServer) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    text = failure(asked(server, host=f"user@127.0.0.1:{port}"))
    assert text == (
        f"user@127.0.0.1:{port} is not reached: host 127.0.0.1 port {port}: Connection refused; nothing listens there: "
        "is the SSH server running, and is the port right?"
    )


def test_refused_key_is_told(server: SshServer) -> None:
    text = failure(asked(server, ssh_options=server.options(IdentityFile=str(server.folder / "other_key"))))
    user, port = server.host.rpartition(":")[0], server.port
    assert f"ssh-copy-id -p {port} {user}, then ssh -p {port} {user}" in text
    assert text.startswith(f"{server.host} refuses the user or the key")


def test_unknown_host_key_is_left_to_the_user(server: SshServer, tmp_path: Path) -> None:
    text = failure(asked(server, ssh_options=server.options(UserKnownHostsFile=str(tmp_path / "none"))))
    user = server.host.rpartition(":")[0]
    assert text == (
        f"{server.host}: this machine does not know its host key; log in once and confirm it: "
        f"ssh -p {server.port} {user}"
    )


def test_changed_host_key_is_told(server: SshServer, tmp_path: Path) -> None:
    other = " ".join((server.folder / "other_key.pub").read_text().split()[:2])
    (tmp_path / "known").write_text(f"[127.0.0.1]:{server.port} {other}\n")
    text = failure(asked(server, ssh_options=server.options(UserKnownHostsFile=str(tmp_path / "known"))))
    assert "its host key is not the one that this machine knows" in text
    assert f"ssh-keygen -R '[127.0.0.1]:{server.port}'" in text


def test_wrong_option_is_told(server: SshServer) -> None:
    text = failure(asked(server, ssh_options=(*server.options(), "NoSuchOption=1")))
    assert "nosuchoption; expected what ssh_config(5) knows" in text.lower()


@pytest.mark.parametrize(
    "host", ["-oProxyCommand=x", "user@-x", "-u@board", "", "board:0", "board:99999", "a b", "$(x)"]
)
def test_hosts_that_are_none_are_refused(host: str) -> None:
    with (
        pytest.raises(ConfigError, match="--host is"),
        open_ssh(RemoteRequest(bundles=(Path("m"),), device="cpu", host=host)),
    ):
        pass


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        (("--serial", "S1"), "it is for another machine, and none is named"),
        (("--remote-python", "python3.12"), "it is for another machine, and none is named"),
        (("--host", "user@127.0.0.1:1", "--box", "1,2"), "'1,2' is no box"),
    ],
)
def test_options_that_cannot_be_are_told_before_anything_is_measured_or_sent(
    toy_bundle: Path, options: tuple[str, ...], expected: str
) -> None:
    assert expected in fail("bench", toy_bundle, *options, status=2)


def test_machine_that_was_asked_measures_and_asks_no_further_one(toy_bundle: Path) -> None:
    assert "this host is no Android" in fail("bench", toy_bundle, "--device", "android", "--stream")


def test_absent_ssh_is_told(monkeypatch: pytest.MonkeyPatch, server: SshServer, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(BackendUnavailable, match="apt install openssh-client"), open_ssh(asked(server)):
        pass


def test_absent_python_is_told(connection: Ssh) -> None:
    with pytest.raises(DeviceError, match=r"has no python-of-nobody \(.*not found\); install it there"):
        read_board(connection, "python-of-nobody", PATIENCE)
    with pytest.raises(DeviceError, match="true does not run there"):
        read_board(connection, "true", PATIENCE)


def test_facts_are_those_of_the_python_there(connection: Ssh, server: SshServer) -> None:
    board = read_board(connection, sys.executable, PATIENCE)
    assert (board.python, board.executable) == (sys.version_info[:2], sys.executable)
    assert {"numpy", "typer", "venv"} <= set(board.modules)
    assert board.cache == str(server.cache / "sdst-edge")


def test_bundle_is_sent_once_and_keeps_its_engines(connection: Ssh, tmp_path: Path, toy_bundle: Path) -> None:
    bundle, cache, told = tmp_path / ODD, str(tmp_path / "cache"), list[str]()
    shutil.copytree(toy_bundle, bundle)
    (bundle / "engines").mkdir()
    (bundle / "engines" / "of-this-machine").touch()
    (there,) = send_bundles([bundle], connection, cache, PATIENCE, told.append)
    assert Path(there).name == ODD
    names = {path.relative_to(bundle) for path in bundle.rglob("*") if "engines" not in path.parts}
    assert {path.relative_to(there) for path in Path(there).rglob("*")} == names
    (Path(there) / "engines").mkdir()
    assert send_bundles([bundle], connection, cache, PATIENCE, told.append) == [there]
    assert len(told) == 1
    assert (Path(there) / "engines").is_dir()
    assert list(Path(cache).rglob("*.part")) == []


def test_last_report_comes_back_with_the_paths_of_here(connection: Ssh, server: SshServer, tmp_path: Path) -> None:
    there = "/home/user/.cache/m"
    bundle = made_up_bundle()
    moved = made_up_bundle(setup=type(bundle.setup)(**{**_values(bundle.setup), "bundle": there}))
    final = made_up_report(moved, peers=None)
    told, reports = list[str](), list[BenchReport]()
    command = stand_in(tmp_path / "b", partial_report(), final, errors="a remark\n")
    receiver = Receiver(connection, "sdst-edge bench m", {there: "m"}, reports.append)
    report = receive_report(connection, command, receiver, told.append)
    assert [item.complete for item in reports] == [False, True]  # each is handed on as it comes
    assert reports[-1] is report
    assert (report.complete, report.stopped) == (True, "")
    assert report.reached_by == f"ssh {server.host}"
    assert report.command == "sdst-edge bench m"
    assert report.bundles[0].setup.bundle == "m"
    assert f"{server.host}: m onnx/fp32: closed loop measured" in told
    assert f"{server.host}: a remark" in told


def _values(item: Any) -> dict[str, Any]:
    return {name: getattr(item, name) for name in item.__dataclass_fields__}


def test_what_a_login_writes_is_no_report_and_hides_none(connection: Ssh, tmp_path: Path) -> None:
    told: list[str] = []
    command = stand_in(tmp_path / "b", lines="{hello}\nno end of line " + line(made_up_report()))
    assert received(connection, command, told.append).complete
    assert told[:2] == [f"{connection.name}: {{hello}}", f"{connection.name}: no end of line"]


def test_reason_of_a_bench_that_refuses_is_told(connection: Ssh, server: SshServer, tmp_path: Path) -> None:
    command = stand_in(tmp_path / "b", errors="error: this host is no Jetson\n", status="1")
    with pytest.raises(RemoteStopped, match=f"{server.host}: this host is no Jetson") as stopped:
        received(connection, command)
    assert stopped.value.report is None


def test_damaged_report_is_refused_and_the_last_one_kept(connection: Ssh, server: SshServer, tmp_path: Path) -> None:
    command = stand_in(tmp_path / "b", lines=line(made_up_report()) + '{"schema_version": 1}\n')
    with pytest.raises(RemoteStopped, match="lacks command, complete, created") as stopped:
        received(connection, command)
    assert stopped.value.report is not None
    assert not stopped.value.report.complete
    command = stand_in(tmp_path / "c", lines='{"schema_version": 99}\n')
    with pytest.raises(RemoteStopped, match="schema_version 99"):
        received(connection, command)
    with pytest.raises(RemoteStopped, match="ended without its last report"):
        received(connection, stand_in(tmp_path / "d"))


def in_the_middle(
    connection: Ssh, server: SshServer, folder: Path, happens: Callable[[], None]
) -> tuple[BenchReport, str]:
    """What is left of a run in which something happens after its first report."""
    command = stand_in(folder, partial_report(stopped=""), wait="")
    happened = False

    def on_progress(text: str) -> None:
        nonlocal happened
        if not happened:
            happened = True
            until((folder / "pid").exists, "the bench to start")
            happens()

    with pytest.raises(RemoteStopped) as stopped:
        received(connection, command, on_progress)
    assert stopped.value.report is not None
    return stopped.value.report, str(stopped.value)


def test_lost_connection_leaves_what_was_measured(own_server: SshServer, tmp_path: Path) -> None:
    with open_ssh(asked(own_server)) as connection:
        report, text = in_the_middle(
            connection, own_server, tmp_path / "b", lambda: own_server.signal_connections(signal.SIGKILL)
        )
    assert text.startswith(f"the connection to {own_server.host} was lost: ")
    assert (report.complete, report.stopped) == (False, text)
    assert report.bundles[0].closed_loop is not None
    until(has_ended(tmp_path / "b"), "the bench there to end")


def test_hung_server_ends_the_run(own_server: SshServer, tmp_path: Path) -> None:
    with open_ssh(asked(own_server)) as connection:
        report, text = in_the_middle(
            connection, own_server, tmp_path / "b", lambda: own_server.signal_connections(signal.SIGSTOP)
        )
    assert text.startswith(f"the connection to {own_server.host} was lost: ")
    assert (report.complete, report.stopped) == (False, text)
    (tmp_path / "b" / "wait").unlink()


def test_server_that_hangs_before_it_answers_ends_the_run(own_server: SshServer) -> None:
    own_server.process.suspend()
    try:
        text = failure(asked(own_server, patience=Patience(connect=1)))
    finally:
        own_server.process.resume()
    assert text.startswith(f"{own_server.host} is not reached: ")
    assert text.endswith("timed out; is it switched on, and in this network?")


def test_interrupt_here_ends_the_bench_there(connection: Ssh, server: SshServer, tmp_path: Path) -> None:
    folder = tmp_path / "b"
    folder.mkdir()
    (folder / "last").write_text(line(partial_report(stopped="interrupted during camera")))
    report, text = in_the_middle(connection, server, folder, lambda: signal.raise_signal(signal.SIGINT))
    assert text == "interrupted during camera"
    assert (report.complete, report.stopped) == (False, text)
    assert has_ended(folder)()


def test_interrupted_installing_leaves_nothing_there(server: SshServer, connection: Ssh, tmp_path: Path) -> None:
    """The command is a Python there that never comes to an end, whatever it is asked to make."""
    python = tmp_path / "python"
    python.write_text(
        f'#!/bin/sh\ncase "$*" in *attended.py*) exec {sys.executable} "$@";; esac\n'
        f"echo $$ > {tmp_path / 'pid.part'}; mv {tmp_path / 'pid.part'} {tmp_path / 'pid'}; exec sleep 600\n"
    )
    python.chmod(0o755)
    board = replace(read_board(connection, sys.executable, PATIENCE), executable=str(python), cache=str(tmp_path / "c"))
    (tmp_path / "sdst.whl").touch()

    def interrupt() -> None:
        until((tmp_path / "pid").exists, "the installing to start")
        os.kill(os.getpid(), signal.SIGINT)

    interrupter = Thread(target=interrupt)
    interrupter.start()
    with pytest.raises(KeyboardInterrupt):
        ensure_installed(connection, board, tmp_path / "sdst.whl", PATIENCE, lambda _: None)
    interrupter.join()
    assert has_ended(tmp_path)()
    assert list((tmp_path / "c").iterdir()) == []


def test_bench_that_is_killed_there_is_told(connection: Ssh, server: SshServer, tmp_path: Path) -> None:
    folder = tmp_path / "b"
    report, text = in_the_middle(
        connection, server, folder, lambda: os.kill(int((folder / "pid").read_text()), signal.SIGKILL)
    )
    assert (
        text == f"{server.host}: the bench ended with status 137: it was killed there, as it is where memory runs out"
    )
    assert report.stopped == text


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("wheel")
    options = ["--quiet", "--no-deps", "--no-build-isolation", "--disable-pip-version-check", "--wheel-dir", str(out)]
    subprocess.run([sys.executable, "-m", "pip", "wheel", *options, str(PROJECT)], check=True, capture_output=True)
    return next(out.glob("*.whl"))


@pytest.mark.slow
def test_whole_run(server: SshServer, wheel: Path, toy_bundle: Path, tmp_path: Path) -> None:
    bundle = tmp_path / ODD
    shutil.copytree(toy_bundle, bundle)
    arguments = ("--frames", "20", "--size", "320x240", "--targets", "0", "--power", "0")
    request = asked(server, bundles=(bundle,), wheel=wheel, arguments=arguments, command="sdst-edge bench")
    told: list[str] = []
    reports: list[BenchReport] = []
    report = run_remote(request, reports.append, told.append)
    assert (report.complete, report.device, report.reached_by) == (True, "cpu", f"ssh {server.host}")
    (measured,) = report.bundles
    assert measured.setup.bundle == str(bundle)
    assert measured.closed_loop is not None
    assert measured.closed_loop.frames == 20
    assert reports[-1] is report
    assert list(server.cache.rglob("*.part")) == []
    assert any(text.startswith(f"installing {wheel.name}") for text in told)

    told.clear()  # what is there is not installed and not copied again; a device that it is not is refused
    with pytest.raises(RemoteStopped, match="this host is no Jetson"):
        run_remote(asked(server, bundles=(bundle,), wheel=wheel, device="jetson"), reports.append, told.append)
    assert told == [f"measuring on {server.host}"]
