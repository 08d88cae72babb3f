"""Errors become one line on stderr and an exit status; defects keep their traceback."""

from __future__ import annotations

from collections.abc import Callable
from typing import NoReturn

import pytest

from sdst_edge.cli.errors import EXTRAS, exit_status
from sdst_runtime import errors


def raising(error: BaseException) -> Callable[[], NoReturn]:
    def command() -> NoReturn:
        raise error

    return command


def test_exit_status_is_zero_with_the_result_of_the_command() -> None:
    assert exit_status(lambda: 17) == (0, 17)


@pytest.mark.parametrize("name", [name for name in errors.__all__ if name != "NativeError"])
def test_exit_status_is_one_and_the_message_is_told_on_stderr(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert exit_status(raising(getattr(errors, name)("what, got, expected, do"))) == (1, None)
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err == "error: what, got, expected, do\n"


def test_exit_status_tells_what_libsdst_said(capsys: pytest.CaptureFixture[str]) -> None:
    assert exit_status(raising(errors.NativeError(0x20, "sdst_call", "out of memory")))[0] == 1
    assert "sdst_call() failed with status 0x20: out of memory" in capsys.readouterr().err


@pytest.mark.parametrize("package", sorted(EXTRAS))
def test_exit_status_names_the_extra_when_a_package_is_missing(
    package: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert exit_status(raising(ModuleNotFoundError(f"No module named {package!r}", name=package))) == (1, None)
    assert f"pip install 'sdst-edge[{EXTRAS[package]}]'" in capsys.readouterr().err


def test_exit_status_lets_a_defect_through() -> None:
    with pytest.raises(ModuleNotFoundError):
        exit_status(raising(ModuleNotFoundError("No module named 'sdst_typo'", name="sdst_typo")))
    with pytest.raises(ZeroDivisionError):
        exit_status(raising(ZeroDivisionError()))


def test_exit_status_names_the_file_when_the_system_refuses(capsys: pytest.CaptureFixture[str]) -> None:
    assert exit_status(raising(PermissionError(13, "Permission denied", "out.csv"))) == (1, None)
    assert capsys.readouterr().err == "error: out.csv: Permission denied\n"


def test_exit_status_is_quiet_when_the_user_interrupts(capsys: pytest.CaptureFixture[str]) -> None:
    assert exit_status(raising(KeyboardInterrupt())) == (130, None)
    assert capsys.readouterr() == ("", "")


def test_error_of_another_process_says_whose_it_is(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("RANK", "2")
    assert exit_status(raising(errors.SdstError("a wire is cut"))) == (1, None)
    assert capsys.readouterr().err == "error (process 2): a wire is cut\n"
