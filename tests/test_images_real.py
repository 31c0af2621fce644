"""The one decoder, on hostile and dirty files as they are met outside."""

import csv
import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from maskwise.errors import UnreadableImage
from maskwise.images import read_image

pytestmark = pytest.mark.real

MAX_SECONDS = 2
MAX_BYTES_MORE = 300e6
PROBE = """
import json, os, resource, sys, time
import maskwise.images, maskwise.errors
peak = lambda: resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
for path in sys.argv[1:]:
    if child := os.fork():  # one process for each file, all of which have imported what they need
        assert os.waitpid(child, 0)[1] == 0, path
        continue
    before, start = peak(), time.process_time()
    try:
        maskwise.images.read_image(path)
    except maskwise.errors.UnreadableImage:
        pass
    print(json.dumps([path, time.process_time() - start, peak() - before]), flush=True)
    os._exit(0)
"""


def rows(table: str) -> list[dict[str, str]]:
    """The lines of a table; none where there are no real pictures, and the tests are skipped."""
    beside = Path(__file__).parents[2] / "shared" / "data"
    path = Path(os.environ.get("MASKWISE_DATA", beside)) / table
    if not path.is_file():
        return []
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


HOSTILE = rows("hostile/expected.csv")


@pytest.mark.parametrize("row", HOSTILE, ids=[row["file"] for row in HOSTILE])
def test_hostile_files_are_accepted_or_refused_as_expected(
    real_data: Path, row: dict[str, str]
) -> None:
    try:
        outcome, detail = "accept", str(read_image(real_data / "hostile" / row["file"]).shape)
    except UnreadableImage as error:
        outcome, detail = "reject", str(error)
    assert row["expect"] in (outcome, "either"), f"{detail}, but {row['why']}"
    assert "\n" not in detail


@pytest.mark.skipif(sys.platform != "linux", reason="ru_maxrss is in KiB on Linux alone")
def test_hostile_files_take_little_time_and_memory(real_data: Path) -> None:
    paths = [str(real_data / "hostile" / row["file"]) for row in HOSTILE]
    done = subprocess.run(
        [sys.executable, "-c", PROBE, *paths], capture_output=True, text=True, check=True
    )
    taken = [json.loads(line) for line in done.stdout.splitlines()]
    assert len(taken) == len(paths)
    assert [file for file in taken if file[1] > MAX_SECONDS or file[2] > MAX_BYTES_MORE] == []


@pytest.mark.parametrize(
    ("name", "tolerance"),
    [
        pytest.param("png_adam7.png", 0, id="interlaced"),
        pytest.param("png_rgb16.png", 1, id="16 bit"),
        pytest.param("png_named_jpg.jpg", 0, id="wrong name"),
        pytest.param("png_palette_trns.png", 4, id="palette"),
        *(
            pytest.param(f"exif_orientation_{number}.jpg", 4, id=f"orientation {number}")
            for number in (1, 3, 4, 6, 7, 99)
        ),
        pytest.param("jpeg_progressive.jpg", 4, id="progressive"),
        pytest.param("jpeg_cmyk.jpg", 4, id="cmyk"),
        pytest.param("jpeg_named_png.png", 4, id="jpeg of another name"),
        pytest.param("jpeg_upper.JPEG", 4, id="upper case"),
        pytest.param("polyglot_jpeg_html.jpg", 4, id="a web page inside"),
        pytest.param("icc_garbage.jpg", 4, id="broken colour profile"),
    ],
)
def test_variants_of_one_picture_decode_alike(real_data: Path, name: str, tolerance: float) -> None:
    base = read_image(real_data / "hostile" / "ok_base.png").astype(int)
    variant = read_image(real_data / "hostile" / name).astype(int)
    assert variant.shape == base.shape
    assert np.abs(variant - base).mean() <= tolerance


def test_grey_variants_keep_the_brightness(real_data: Path) -> None:
    base = read_image(real_data / "hostile" / "ok_base.png") @ np.array([0.299, 0.587, 0.114])
    for name in ("jpeg_gray.jpg", "png_la.png"):
        variant = read_image(real_data / "hostile" / name)
        assert np.abs(variant - base[..., None]).mean() <= 4, name


REASONS = {
    "zero_byte": "empty",
    "truncated_jpeg": "truncated",
    "lfs_pointer": "git lfs pull",
    "bmp_named_jpg": "a BMP",
}
DIRTY = rows("dirty/index.csv")


@pytest.mark.parametrize("row", DIRTY, ids=[row["file"] for row in DIRTY])
def test_dirty_files_are_decoded_or_refused_with_the_true_reason(
    real_data: Path, row: dict[str, str]
) -> None:
    path = real_data / "dirty" / row["file"]
    reason = REASONS.get(row["category"])
    if reason is None:
        assert read_image(path).shape[2] == 3
    else:
        with pytest.raises(UnreadableImage, match=reason):
            read_image(path)
