"""The one decoder, on hostile and dirty files as they are met outside."""

import csv
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from maskwise.errors import UnreadableImage
from maskwise.images import read_image

pytestmark = pytest.mark.real

MAX_SECONDS = 2
MAX_MEGABYTES = 300
PROBE = """
import json, resource, sys, time
import maskwise.images, maskwise.errors
peak = lambda: resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
before, start = peak(), time.perf_counter()
try:
    outcome, reason = "accept", str(maskwise.images.read_image(sys.argv[1]).shape)
except maskwise.errors.UnreadableImage as error:
    outcome, reason = "reject", str(error)
print(json.dumps([outcome, reason, time.perf_counter() - start, peak() - before]))
"""


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_hostile_files_behave_as_expected_in_time_and_memory(real_data: Path) -> None:
    folder = real_data / "hostile"
    wrong = []
    for row in rows(folder / "expected.csv"):
        done = subprocess.run(
            [sys.executable, "-c", PROBE, str(folder / row["file"])],
            capture_output=True,
            text=True,
            check=True,
        )
        outcome, reason, seconds, megabytes = json.loads(done.stdout)
        as_expected = row["expect"] in (outcome, "either")
        if not as_expected or seconds > MAX_SECONDS or megabytes > MAX_MEGABYTES:
            wrong.append((row["file"], row["expect"], outcome, reason, seconds, megabytes))
    assert not wrong


@pytest.mark.parametrize(
    ("name", "tolerance"),
    [
        pytest.param("png_adam7.png", 0, id="interlaced"),
        pytest.param("png_rgb16.png", 1, id="16 bit"),
        pytest.param("png_named_jpg.jpg", 0, id="wrong name"),
        pytest.param("png_palette_trns.png", 12, id="palette"),
        *(
            pytest.param(f"exif_orientation_{number}.jpg", 6, id=f"orientation {number}")
            for number in (1, 3, 4, 6, 7, 99)
        ),
        pytest.param("jpeg_progressive.jpg", 6, id="progressive"),
        pytest.param("icc_garbage.jpg", 6, id="broken colour profile"),
    ],
)
def test_variants_of_one_picture_decode_alike(real_data: Path, name: str, tolerance: float) -> None:
    base = read_image(real_data / "hostile" / "ok_base.png").astype(int)
    variant = read_image(real_data / "hostile" / name).astype(int)
    assert variant.shape == base.shape
    assert np.abs(variant - base).mean() <= tolerance


REASONS = {
    "zero_byte": "empty",
    "truncated_jpeg": "truncated",
    "lfs_pointer": "git lfs pull",
    "bmp_named_jpg": "a BMP",
}


def test_dirty_files_are_decoded_or_refused_with_the_true_reason(real_data: Path) -> None:
    for row in rows(real_data / "dirty" / "index.csv"):
        path = real_data / "dirty" / row["file"]
        expected = REASONS.get(row["category"])
        if expected is None:
            assert read_image(path).shape[2] == 3, row["file"]
        else:
            with pytest.raises(UnreadableImage, match=expected):
                read_image(path)
