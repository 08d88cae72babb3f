"""What is read fast is what is read name by name and number by number."""

from __future__ import annotations

import tempfile
from pathlib import Path

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from sdst_edge.datasets.boxfile import read_boxes, read_digits
from sdst_edge.datasets.frame_files import NumberedNames, numbered_names
from sdst_runtime.errors import DatasetError

#: Numbers as files have them, and some that they should not have.
ITEMS = st.one_of(
    st.integers(0, 2000).map(str),
    st.integers(-(10**12), 10**12).map(str),
    st.floats(-1e4, 1e4).map("{:.4f}".format),
    st.sampled_from(["007", "nan", "1e3", " 5", "-0", "", "x", "1 2", "/", ":", "²", "1_0"]),
)
PLAIN = st.integers(0, 2000).map(str)
LINES = st.lists(
    st.one_of(
        st.lists(PLAIN, min_size=4, max_size=4),
        st.lists(st.one_of(PLAIN, ITEMS), min_size=4, max_size=4),
        st.lists(ITEMS, max_size=5),
    ).map(",".join),
    max_size=4,
)


def expected(lines: list[str]) -> list[list[float]] | None:
    try:
        rows = [[float(item) for item in line.split(",")] for line in lines]
    except ValueError:
        return None
    return rows if rows and all(len(row) == 4 for row in rows) else None


@settings(deadline=None)  # files are written and read
@given(lines=LINES)
def test_boxes_are_those_of_a_plain_loop(lines: list[str]) -> None:
    rows = expected("\n".join(lines).rstrip().splitlines())
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "rows.txt")
        path.write_text("\n".join(lines), encoding="utf-8")
        try:
            read = read_boxes(path, origin=0.0, finite=False)
        except DatasetError:
            assert rows is None
        else:
            assert rows is not None
            np.testing.assert_array_equal(read, np.array(rows))


@settings(deadline=None)
@given(text=st.text(st.sampled_from("01289,\n /"), max_size=12), highest=st.sampled_from([1, 8]))
def test_digits_are_those_of_a_plain_loop(text: str, highest: int) -> None:
    kept = text.rstrip()
    items = [item.strip() for line in kept.splitlines() for item in line.split(",")]
    fits = all(item.isdecimal() and int(item) <= highest for item in items)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "flags.txt")
        path.write_text(text, encoding="utf-8")
        try:
            read = read_digits(path, highest=highest)
        except DatasetError:
            assert not fits
        else:
            assert fits
            assert read.tolist() == [int(item) for item in items]


@given(
    prefix=st.sampled_from(["", "img", "a1b", "100%_", "ä-"]),
    digits=st.integers(1, 20),
    first=st.integers(0, 10**8),
    count=st.integers(1, 12),
    change=st.one_of(st.none(), st.tuples(st.integers(0, 11), st.sampled_from(["1.jpg", "00000003.jpg", "x.jpg", ""]))),
)
def test_names_are_numbered_if_they_count_up(
    prefix: str, digits: int, first: int, count: int, change: tuple[int, str] | None
) -> None:
    names = [f"{prefix}{number:0{digits}d}.jpg" for number in range(first, first + count)]
    if change is not None:
        names[change[0] % count] = change[1]
    short = numbered_names(names)
    if short is not None:
        assert list(short) == names
    elif change is None:
        raise AssertionError(f"{names} count up, and are not found to")
    else:
        assert list(NumberedNames(prefix, digits, ".jpg", first, count)) != names
