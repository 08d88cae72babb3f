"""Whatever sequences a data set holds, the index gives them back."""

from __future__ import annotations

import tempfile
from pathlib import Path

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from sdst_edge.datasets import FileFrames, Frames, Sequence
from sdst_edge.datasets.frame_files import MissingFrames, NumberedNames
from sdst_edge.datasets.index_file import Kept, load_kept, save_kept, sequences_of

NAMES = st.text(min_size=1, max_size=8)
NUMBERS = st.one_of(st.integers(-40_000, 40_000), st.floats(allow_nan=False, allow_infinity=False), st.just(np.nan))
SIDES = st.one_of(st.integers(1, 40_000), st.floats(1e-300, 1e300))


@st.composite
def sequences(draw: st.DrawFn, root: Path) -> Sequence:
    count = draw(st.integers(1, 5))
    visible = draw(arrays(np.bool_, count))
    boxes = np.array([[draw(NUMBERS) for _ in range(4)] for _ in range(count)], dtype=np.float64)
    for index in np.flatnonzero(visible):
        boxes[index] = (draw(st.integers(-99, 99)), draw(st.floats(-1e6, 1e6)), draw(SIDES), draw(SIDES))
    folder = draw(st.sampled_from([root / "a" / "img", root, Path("/elsewhere")]))
    frames: list[Frames] = [
        MissingFrames(folder, count),
        FileFrames(folder, tuple(draw(NAMES) for _ in range(count))),
        FileFrames(
            folder, NumberedNames(draw(NAMES), draw(st.integers(0, 8)), ".jpg", draw(st.integers(0, 999)), count)
        ),
    ]
    return Sequence(
        name=draw(NAMES),
        frames=draw(st.sampled_from(frames)),
        boxes_xywh=boxes,
        visible=visible,
        attributes=draw(st.one_of(st.none(), st.lists(NAMES, max_size=3).map(tuple))),
        frame_attributes=draw(st.dictionaries(NAMES, arrays(np.bool_, count), max_size=2)),
        size_wh=draw(st.one_of(st.none(), st.just((640, 360)))),
        origin=draw(st.sampled_from([0.0, 1.0, 0.5])),
    )


@settings(max_examples=25, deadline=None)  # files are written and read
@given(data=st.data())
def test_an_index_gives_back_what_it_was_given(data: st.DataObject) -> None:
    root = Path("set")
    contents = data.draw(
        st.lists(st.one_of(sequences(root), st.lists(sequences(root), max_size=2).map(tuple)), min_size=1, max_size=3)
    )
    kept = {str(number): Kept(f"mark {number}", content) for number, content in enumerate(contents)}
    if not any(sequences_of(item.content) for item in kept.values()):
        return
    with tempfile.TemporaryDirectory() as folder:
        save_kept(Path(folder) / "index.npz", root, kept)
        again = load_kept(Path(folder) / "index.npz", root)
        assert [path.name for path in Path(folder).iterdir()] == ["index.npz"]
    assert list(again) == list(kept)
    for name, item in kept.items():
        assert again[name].fingerprint == item.fingerprint
        assert isinstance(again[name].content, Sequence) == isinstance(item.content, Sequence)
        for ours, given_ in zip(sequences_of(again[name].content), sequences_of(item.content), strict=True):
            np.testing.assert_array_equal(ours.boxes_xywh, given_.boxes_xywh)
            np.testing.assert_array_equal(ours.visible, given_.visible)
            assert ours.boxes_xywh.dtype == np.float64
            assert ours.frames == given_.frames
            for field in ("name", "attributes", "size_wh", "origin"):
                assert getattr(ours, field) == getattr(given_, field)
            assert {key: flags.tolist() for key, flags in ours.frame_attributes.items()} == {
                key: flags.tolist() for key, flags in given_.frame_attributes.items()
            }
