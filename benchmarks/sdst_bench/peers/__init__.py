"""Trackers of others on the same frames as ours."""

from __future__ import annotations

from sdst_bench.peers.choice import PeerChoice
from sdst_bench.peers.comparing import compare_peers
from sdst_bench.peers.opening import check_peers

__all__ = ["PeerChoice", "check_peers", "compare_peers"]
