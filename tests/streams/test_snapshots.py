"""Pictures are kept only of what they are wanted of, blurred, and not for long."""

import os
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from looks import look
from maskwise.images import read_image
from maskwise.labels import WITHOUT_MASK
from maskwise.streams.event import Event
from maskwise.streams.post import Seen
from maskwise.streams.snapshots import Snapshots


def seen() -> Seen:
    noise = np.random.default_rng(0).integers(0, 255, (420, 420, 3), np.uint8)
    return Seen(noise, look((100, WITHOUT_MASK)))


def snapshots(folder: Path, **changes: Any) -> Snapshots:
    kept = {"is_blurred": True, "keep_s": 3600, "keep_bytes": 10**8, "floor_bytes": 0, **changes}
    return Snapshots(folder, **kept)


def event(kind: str = "person_without_mask") -> Event:
    return Event(kind, "door", {"person": 1})


def test_only_who_is_without_a_mask_or_wears_it_wrongly_is_kept(tmp_path: Path) -> None:
    kept = snapshots(tmp_path / "new")
    for kind in ("person_with_mask", "camera_state", "compliance"):
        kept.take(event(kind), seen())
    assert list(tmp_path.iterdir()) == []
    kept.take(event(), seen())
    kept.take(event("mask_worn_wrong"), seen())
    assert len(list((tmp_path / "new").iterdir())) == 2


@pytest.mark.parametrize("is_blurred", [True, False])
def test_faces_are_blurred_unless_it_is_said_otherwise(tmp_path: Path, is_blurred: bool) -> None:
    snapshots(tmp_path, is_blurred=is_blurred).take(event(), seen())
    (path,) = tmp_path.iterdir()
    face = read_image(path)[10:30, 110:130].astype(float)
    assert (face.std() < 40) == is_blurred


def test_the_old_ones_go_and_nothing_else(tmp_path: Path) -> None:
    (tmp_path / "mine.jpg").touch()
    kept = snapshots(tmp_path)
    kept.take(event(), seen())
    (path,) = tmp_path.glob("*.snapshot.jpg")
    os.utime(path, (time.time() - 3700,) * 2)
    os.utime(tmp_path / "mine.jpg", (0, 0))
    kept.tidy()
    assert [each.name for each in tmp_path.iterdir()] == ["mine.jpg"]


def test_the_oldest_go_when_they_grow_too_many(tmp_path: Path) -> None:
    snapshots(tmp_path).take(event(), seen())
    (first,) = tmp_path.iterdir()
    kept = snapshots(tmp_path, keep_bytes=round(2.5 * first.stat().st_size))
    for index in range(4):
        kept.take(event(), seen())
        for path in tmp_path.iterdir():
            os.utime(path, (path.stat().st_mtime - 10,) * 2)
        assert len(list(tmp_path.iterdir())) <= 2
        assert index == 0 or not first.exists()


def test_none_is_written_on_a_disk_that_is_short_of_space(tmp_path: Path) -> None:
    kept = snapshots(tmp_path, floor_bytes=2**60)
    kept.take(event(), seen())
    assert list(tmp_path.iterdir()) == []
    assert "short of space" in kept.trouble


def test_a_folder_that_cannot_be_written_to_is_told_and_costs_nothing_else(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    kept = snapshots(tmp_path / "file")
    kept.take(event(), seen())
    assert "file" in kept.trouble
