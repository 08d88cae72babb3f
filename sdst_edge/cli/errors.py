"""The one place where errors become a line on stderr and an exit status: 0 done, 1 failed, 2 wrong usage."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from typing import Any

import typer
from typer.core import TyperGroup

from sdst_edge.workflows.processes import is_first_process, process_number
from sdst_runtime.errors import SdstError

__all__ = ["EXTRAS", "ReportingGroup", "exit_status"]

#: Package that a command may miss on a bare install, to the extra that brings it.
EXTRAS = {
    "lightning_fabric": "train",
    "matplotlib": "plots",
    "onnx": "export",
    "onnxsim": "export",
    "optuna": "tune",
    "safetensors": "train",
    "tensorboardX": "train",
    "tomli": "train",
    "torch": "train",
}

FAILED = 1
INTERRUPTED = 130  # 128 + SIGINT, as shells report it


class ReportingGroup(TyperGroup):
    """Runs a command, and turns what it raises on purpose into a message and a status."""

    def invoke(self, ctx: Any) -> Any:
        """Result of the command.

        Raises:
            typer.Exit: with the status, after a message was written.
        """
        status, result = exit_status(lambda: super(ReportingGroup, self).invoke(ctx))
        if status:
            raise typer.Exit(status)
        return result


def exit_status(command: Callable[[], Any]) -> tuple[int, Any]:
    """Status and result of a command: its errors are told on stderr, in one line and without a traceback.

    Only what a user can act upon is caught: errors of ours, missing packages of an extra, the file system, an
    interrupt, and a reader of stdout that went away. A defect keeps its traceback.
    """
    try:
        result = command()
        sys.stdout.flush()
    except SdstError as error:
        return _fail(str(error))
    except ModuleNotFoundError as error:
        if error.name not in EXTRAS:
            raise
        extra = EXTRAS[error.name]
        return _fail(f"{error.name} is not installed; this command needs it: pip install 'sdst-edge[{extra}]'")
    except BrokenPipeError:
        # The interpreter flushes stdout once more when it exits: give it a place where that works.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return FAILED, None
    except OSError as error:
        return _fail(f"{error.filename}: {error.strerror}" if error.filename and error.strerror else str(error))
    except KeyboardInterrupt:
        return INTERRUPTED, None
    return 0, result


def _fail(message: str) -> tuple[int, None]:
    whose = "" if is_first_process() else f" (process {process_number()})"
    typer.echo(f"error{whose}: {message}", err=True)
    return FAILED, None
