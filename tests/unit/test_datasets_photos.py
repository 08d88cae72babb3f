"""A folder of photos without annotations: which windows are proposed, how sizes are found, and which fault is named."""

from __future__ import annotations

import struct
from collections.abc import Sequence as Items
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from sdst_edge.datasets import open_dataset
from sdst_edge.datasets.frame_files import FileFrames
from sdst_edge.datasets.index import fingerprint
from sdst_edge.datasets.layouts.photos import LAYOUT, LOG_ASPECT, SIDES, WINDOWS, windows_of
from sdst_edge.datasets.layouts.picture_sizes import picture_size
from sdst_edge.datasets.sequence import Sequence
from sdst_runtime.errors import DatasetError
from tests.tolerances import ABS_BOX_TEXT_3_PX, ABS_MOVED_PX

WIDE, HIGH = 64, 48


def picture(width: int = WIDE, height: int = HIGH) -> NDArray[np.uint8]:
    return np.random.default_rng(0).integers(0, 256, size=(height, width, 3), dtype=np.uint8)


def make(root: Path, *names: str) -> Path:
    root.mkdir(exist_ok=True)
    for name in names:
        assert cv2.imwrite(str(root / name), picture())
    return root


def read(root: Path) -> Items[Sequence]:
    return open_dataset(root, "photos").sequences


def many(size_wh: tuple[int, int]) -> NDArray[np.float64]:
    """(4 * 500, 4): windows of 500 photos."""
    return np.concatenate([windows_of(f"photo-{number}.jpg", size_wh) for number in range(500)])


# --- windows


@pytest.mark.parametrize("size_wh", [(640, 480), (300, 900), (50, 50)])
def test_windows_are_inside_and_of_all_sides_and_shapes(size_wh: tuple[int, int]) -> None:
    x, y, w, h = many(size_wh).T
    assert min(x.min(), y.min()) >= 0
    assert (x + w <= size_wh[0]).all()
    assert (y + h <= size_wh[1]).all()
    assert max((w / size_wh[0]).max(), (h / size_wh[1]).max()) < 0.87
    for values, low, high in (
        (np.log(np.sqrt(w * h) / min(size_wh)), *np.log(SIDES)),
        (np.log(w / h), -LOG_ASPECT, LOG_ASPECT),
        (x / (size_wh[0] - w), 0, 1),
        (y / (size_wh[1] - h), 0, 1),
    ):
        counts, _ = np.histogram(values, bins=10, range=(low, high))
        assert counts.sum() == len(values)
        assert counts.min() > 0.7 * len(values) / 10


def test_windows_of_a_name_are_the_same_for_ever() -> None:
    told = [
        [62.716, 37.784, 178.849, 101.417],
        [163.703, 360.476, 88.862, 90.761],
        [28.055, 101.584, 248.193, 157.616],
        [7.218, 292.702, 191.277, 88.083],
    ]
    np.testing.assert_allclose(windows_of("IMG_0001.jpg", (640, 480)), told, rtol=0, atol=ABS_BOX_TEXT_3_PX)


def test_windows_grow_with_the_photo() -> None:
    small, large = windows_of("a.jpg", (64, 48)), windows_of("a.jpg", (640, 480))
    np.testing.assert_allclose(10 * small, large, rtol=0, atol=ABS_MOVED_PX)


def test_windows_depend_on_the_files_name_alone(tmp_path: Path) -> None:
    some = make(tmp_path / "some", "a.jpg", "b.jpg")
    others = make(tmp_path / "others", "0.png", "b.jpg", "c.jpg")
    boxes = [{item.name: item.boxes_xywh.tolist() for item in read(root)} for root in (some, others)]
    shared = [f"b-{number}" for number in range(1, WINDOWS + 1)]
    assert [boxes[0][name] for name in shared] == [boxes[1][name] for name in shared]
    assert len({str(box) for each in boxes for box in each.values()}) == 4 * WINDOWS


# --- opening


def test_each_window_is_a_sequence_of_one_frame(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sequences = read(make(tmp_path, "b.jpg", "a.jpg", ".hidden.jpg"))
    assert [item.name for item in sequences] == [f"{name}-{n}" for name in "ab" for n in range(1, WINDOWS + 1)]
    assert sequences[WINDOWS].boxes_xywh[0].tolist() == windows_of("b.jpg", (WIDE, HIGH))[0].tolist()
    assert sequences[1].frames[0].shape == (HIGH, WIDE, 3)
    assert sequences[1].visible.tolist() == [True]
    assert sequences[1] is not sequences[1]
    monkeypatch.setattr(FileFrames, "__getitem__", None)
    assert sequences[1].picture_size() == (WIDE, HIGH)


def test_a_folder_is_taken_for_photos_only_when_it_is_called_so(tmp_path: Path) -> None:
    make(tmp_path, "a.jpg")
    with pytest.raises(DatasetError, match="looks like no data set"):
        open_dataset(tmp_path)
    (tmp_path / "boxes.json").write_text('{"a.jpg": [[1, 2, 3, 4]]}', encoding="utf-8")
    assert len(open_dataset(tmp_path)) == 1
    assert len(read(tmp_path)) == WINDOWS


def test_another_picture_under_the_same_name_is_noticed(tmp_path: Path) -> None:
    """Its windows may be others, so regions of the former ones must not be taken for them."""
    make(tmp_path, "a.jpg", "b.jpg")
    (before,) = LAYOUT.find(tmp_path)
    mark = fingerprint(before, tmp_path)
    cv2.imwrite(str(tmp_path / "b.jpg"), picture(30, 40))
    (after,) = LAYOUT.find(tmp_path)
    assert fingerprint(after, tmp_path) != mark
    assert read(tmp_path)[WINDOWS].picture_size() == (30, 40)


@pytest.mark.parametrize("content", [b"", b"no picture", b"\xff\xd8\xff", b"\xff\xd8\xff\xd9"])
def test_a_broken_picture_is_named(tmp_path: Path, content: bytes) -> None:
    make(tmp_path, "a.jpg", "c.jpg")
    (tmp_path / "b.jpg").write_bytes(content)
    with pytest.raises(DatasetError, match=r"b\.jpg is missing or no picture"):
        read(tmp_path)


def test_two_pictures_of_one_name_are_an_error(tmp_path: Path) -> None:
    make(tmp_path, "a.jpg", "a.png")
    with pytest.raises(DatasetError, match=r"'a\.png' has the name of 'a\.jpg' but for its ending"):
        read(tmp_path)


def test_a_folder_without_pictures_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").touch()
    with pytest.raises(DatasetError, match="holds no sequences; expected photos that nobody annotated"):
        read(tmp_path)


# --- sizes


def segment(marker: int, content: bytes) -> bytes:
    return struct.pack(">BBH", 0xFF, marker, len(content) + 2) + content


def exif(orientation: int, order: str = ">") -> bytes:
    """A segment with a directory of two tags."""
    begin = (b"MM" if order == ">" else b"II") + struct.pack(f"{order}HI", 42, 8)
    tags = struct.pack(f"{order}HHIHxx", 0x0100, 3, 1, 9999) + struct.pack(f"{order}HHIHxx", 0x0112, 3, 1, orientation)
    return segment(0xE1, b"Exif\0\0" + begin + struct.pack(f"{order}H", 2) + tags + bytes(4))


def jpeg(*segments: bytes, **options: int) -> bytes:
    """A JPEG with further segments at its beginning."""
    flags = [value for pair in options.items() for value in (getattr(cv2, pair[0]), pair[1])]
    encoded = cv2.imencode(".jpg", picture(), flags)[1].tobytes()
    return encoded[:2] + b"".join(segments) + encoded[2:]


def decoded_size(path: Path) -> tuple[int, int]:
    decoded = cv2.imread(str(path))
    assert decoded is not None
    return decoded.shape[1], decoded.shape[0]


@pytest.mark.parametrize("order", "<>")
@pytest.mark.parametrize("orientation", range(10))
def test_photos_that_a_camera_turned_are_as_they_are_decoded(tmp_path: Path, orientation: int, order: str) -> None:
    path = tmp_path / "a.jpg"
    path.write_bytes(jpeg(segment(0xFE, b"a note"), exif(orientation, order)))
    assert picture_size(path) == decoded_size(path)
    assert (picture_size(path) == (HIGH, WIDE)) == (orientation in (5, 6, 7, 8))


@pytest.mark.parametrize(
    "content",
    [
        jpeg(IMWRITE_JPEG_PROGRESSIVE=1),
        jpeg(exif(6), exif(1)),
        jpeg(exif(1), exif(6)),
        jpeg(segment(0xE1, b"Exif\0\0MM\0")),
        jpeg(segment(0xE1, b"Exif\0\0MM\0*\xff\xff\xff\xff")),
        jpeg(segment(0xE1, b"http://ns.adobe.com/xap/1.0/\0")),
        jpeg(b"\xff\xff\xff" + segment(0xE0, b"filled")[1:]),
        cv2.imencode(".png", picture())[1].tobytes(),
        cv2.imencode(".bmp", picture())[1].tobytes(),
    ],
)
def test_other_files_have_the_size_that_they_are_decoded_to(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "a.jpg"
    path.write_bytes(content)
    assert picture_size(path) == decoded_size(path)


def test_the_size_of_a_photo_is_read_from_its_first_bytes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(FileFrames, "__getitem__", None)
    path = tmp_path / "a.jpg"
    for content, size in ((jpeg(), (WIDE, HIGH)), (jpeg(exif(8)), (HIGH, WIDE))):
        path.write_bytes(content)
        assert picture_size(path) == size
