"""Measuring on another machine: by OpenSSH, or by adb; the report comes back as it grows."""

from __future__ import annotations

from sdst_edge.workflows.bench.remote.request import Patience, RemoteRequest
from sdst_edge.workflows.bench.remote.run import RemoteStopped, run_remote

__all__ = ["Patience", "RemoteRequest", "RemoteStopped", "run_remote"]
