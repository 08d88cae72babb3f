"""``python -m sdst_edge.cli``: the command where its script is not on the path."""

from __future__ import annotations

from sdst_edge.cli.app import main

main()
