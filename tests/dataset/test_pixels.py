from pathlib import Path

import numpy as np
import pytest

from limits import file_size_limit
from maskwise.dataset.dataset import Dataset
from maskwise.dataset.pixels import open_pixels, remove_pixels
from maskwise.errors import BadDataset, OutputFailed
from maskwise.preprocess import PreprocessSpec

SPEC = PreprocessSpec(size_hw=(20, 24))


def test_rows_are_the_resized_pictures_in_order(pictures: Path, tmp_path: Path) -> None:
    data = Dataset.open(pictures)
    chosen = data.samples[::-3]
    pixels = open_pixels(tmp_path, data, chosen, SPEC)
    assert isinstance(pixels, np.memmap)
    assert pixels.dtype == np.uint8
    assert np.array_equal(pixels, [SPEC.resize(data.read(sample)) for sample in chosen])


def test_the_same_pictures_are_not_resized_again(pictures: Path, tmp_path: Path) -> None:
    data = Dataset.open(pictures)
    first = np.array(open_pixels(tmp_path, data, data.samples, SPEC))
    (pictures / data.samples[0].path).unlink()
    assert np.array_equal(open_pixels(tmp_path, data, data.samples, SPEC), first)


def test_other_preprocessing_is_another_array(pictures: Path, tmp_path: Path) -> None:
    data = Dataset.open(pictures)
    open_pixels(tmp_path, data, data.samples, SPEC)
    bilinear = PreprocessSpec(size_hw=(20, 24), resize_filter="bilinear")
    pixels = open_pixels(tmp_path, data, data.samples, bilinear)
    assert np.array_equal(pixels[0], bilinear.resize(data.read(data.samples[0])))


def test_nothing_is_left_after_removal(pictures: Path, tmp_path: Path) -> None:
    out = tmp_path / "run"
    out.mkdir()
    data = Dataset.open(pictures)
    open_pixels(out, data, data.samples, SPEC)
    mine = out / "pixels-holiday.jpg"
    mine.write_text("precious")
    remove_pixels(out)
    assert list(out.iterdir()) == [mine]


def test_a_changed_picture_stops_it_and_leaves_nothing(pictures: Path, tmp_path: Path) -> None:
    out = tmp_path / "run"
    out.mkdir()
    data = Dataset.open(pictures)
    (pictures / data.samples[-1].path).write_bytes(b"other")
    with pytest.raises(BadDataset, match="has changed"):
        open_pixels(out, data, data.samples, SPEC)
    assert not list(out.iterdir())


def test_a_full_disk_stops_it_with_a_clear_error(pictures: Path, tmp_path: Path) -> None:
    out = tmp_path / "run"
    out.mkdir()
    data = Dataset.open(pictures)
    with file_size_limit(5000), pytest.raises(OutputFailed):
        open_pixels(out, data, data.samples, SPEC)
    assert not list(out.iterdir())
