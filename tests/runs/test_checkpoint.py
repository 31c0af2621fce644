import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from maskwise.errors import BadRun
from maskwise.runs.checkpoint import (
    HISTORY_COLUMNS,
    Checkpoint,
    keep_newest,
    list_checkpoints,
)


def after(epoch: int) -> Checkpoint:
    arrays: dict[str, NDArray[Any]] = {
        "dense/kernel": np.full((3, 2), epoch, dtype=np.float32),
        "state": np.arange(4),
    }
    figures = dict.fromkeys(HISTORY_COLUMNS, 0.5)
    return Checkpoint(arrays, [{**figures, "epoch": number} for number in range(1, epoch + 1)])


def test_comes_back_as_it_went(tmp_path: Path) -> None:
    back = Checkpoint.read(after(3).write(tmp_path))
    assert back.epoch == 3
    assert back.history == after(3).history
    for name, array in after(3).arrays.items():
        assert np.array_equal(back.arrays[name], array)
        assert back.arrays[name].dtype == array.dtype


def test_the_newest_are_kept_in_order_past_ten_thousand(tmp_path: Path) -> None:
    for epoch in (1, 999, 9999, 10_000):
        (tmp_path / f"epoch-{epoch:04d}.npz").touch()
    (tmp_path / "epoch-10001.npz.partial").touch()
    (tmp_path / "epoch-of-peace.npz").touch()
    keep_newest(tmp_path, 2)
    assert [path.name for path in list_checkpoints(tmp_path)] == [
        "epoch-9999.npz",
        "epoch-10000.npz",
    ]
    assert (tmp_path / "epoch-of-peace.npz").exists()
    assert not list(tmp_path.glob("*.partial"))


@pytest.mark.parametrize("share", [0.0, 0.3, 0.99])
def test_a_cut_file_is_refused(tmp_path: Path, share: float) -> None:
    path = after(1).write(tmp_path)
    content = path.read_bytes()
    path.write_bytes(content[: int(len(content) * share)])
    with pytest.raises(BadRun, match=r"epoch-0001\.npz is damaged"):
        Checkpoint.read(path)


def test_a_flipped_bit_is_refused(tmp_path: Path) -> None:
    path = after(1).write(tmp_path)
    content = bytearray(path.read_bytes())
    content[content.index(b"NUMPY") + 130] ^= 1
    path.write_bytes(content)
    with pytest.raises(BadRun, match="damaged"):
        Checkpoint.read(path)


def test_pickled_objects_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "epoch-0001.npz"
    np.savez(path, kernel=np.array([{"run": "me"}], dtype=object))
    with pytest.raises(BadRun, match="damaged"):
        Checkpoint.read(path)


@pytest.mark.parametrize(
    "history", ["3", "[3]", "null", '[{"epoch": 1}]', '[{"epoch": 1, "loss": "low"}]', "not JSON"]
)
def test_another_history_is_refused(tmp_path: Path, history: str) -> None:
    path = tmp_path / "epoch-0001.npz"
    arrays: Any = {"history.json": np.frombuffer(history.encode(), np.uint8)}
    np.savez(path, **arrays)
    with pytest.raises(BadRun, match="damaged"):
        Checkpoint.read(path)


def test_other_files_of_the_same_name_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "epoch-0001.npz"
    with path.open("wb") as file:
        np.save(file, np.zeros(3))
    with pytest.raises(BadRun, match="damaged"):
        Checkpoint.read(path)
    after(1).write(tmp_path)
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("note.txt", "no array")
    with pytest.raises(BadRun, match="something else than arrays"):
        Checkpoint.read(path)


def test_a_missing_folder_is_made(tmp_path: Path) -> None:
    assert after(1).write(tmp_path / "checkpoints").is_file()
