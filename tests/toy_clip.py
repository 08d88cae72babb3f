"""A few bright frames that the toy bundle follows, and a subject of the bench on them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from sdst_bench.measuring.clip import Clip
from sdst_bench.measuring.subject import Subject, SubjectRequest
from tests.toy_bundle import bright_frame

__all__ = ["CLIP", "subject"]

#: The target moves by two pixels a frame.
CLIP = Clip([bright_frame((60 + 2 * i, 50)) for i in range(4)], [(50.0 + 2 * i, 40.0, 20.0, 20.0) for i in range(4)])


@pytest.fixture(scope="module")
def subject(toy_bundle: Path) -> Iterator[Subject]:
    """The toy bundle, opened to be measured on :data:`CLIP`."""
    with Subject.open(SubjectRequest(bundle=str(toy_bundle)), CLIP) as opened:
        yield opened
