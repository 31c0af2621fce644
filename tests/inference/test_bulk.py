"""The same answers in the same order, whoever does the work and whatever happens to it."""

from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from maskwise.errors import InvalidInput, OutputFailed
from maskwise.images import read_image
from maskwise.inference.batch import Task
from maskwise.inference.bulk import detect_all
from maskwise.outputs.lines import to_line
from maskwise.sources.named import find_sources
from maskwise.sources.source import Source
from pictures import draw_picture
from workers import die, load, load_nothing, unreadable


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "in"
    folder.mkdir()
    for number in range(21):
        draw_picture(number, masked=number % 2 == 0).save(folder / f"{number}.png")
    return folder


def tasks_of(folder: Path) -> list[Task]:
    return [Task(source) for source in find_sources(str(folder))]


def lines(tasks: list[Task], workers: int | None) -> list[str]:
    return [to_line(outcome) for outcome in detect_all(tasks, load, workers=workers)]


@pytest.mark.parametrize("workers", [1, 2])
def test_any_number_of_workers_gives_the_same_in_the_same_order(folder: Path, workers: int) -> None:
    (folder / "5.png").write_bytes(b"broken")
    alone = lines(tasks_of(folder), None)
    assert len(alone) == 21
    assert "error" in alone[5]
    assert lines(tasks_of(folder), workers) == alone


@pytest.mark.parametrize("read", [die, unreadable])
def test_a_picture_costs_only_itself(folder: Path, read: Callable[[], NDArray[np.uint8]]) -> None:
    tasks = tasks_of(folder)
    tasks[4] = Task(Source("b.png", "b.png", None, read))
    outcomes = list(detect_all(tasks, load, workers=2))
    assert [outcome.error is not None for outcome in outcomes] == [n == 4 for n in range(21)]
    assert outcomes[4].error is not None
    assert outcomes[4].error.startswith("b.png: ")


@pytest.mark.parametrize("workers", [None, 1])
def test_what_cannot_be_loaded_says_so(folder: Path, workers: int | None) -> None:
    with pytest.raises(InvalidInput, match="`model` is none"):
        list(detect_all(tasks_of(folder), load_nothing, workers=workers))


@pytest.mark.parametrize("workers", [None, 2])
def test_copies_show_the_answers(folder: Path, tmp_path: Path, workers: int | None) -> None:
    copies = [tmp_path / "out" / f"{n}.jpg" for n in range(21)]
    tasks = [
        Task(task.source, copy, is_blurred=number == 0)
        for number, (task, copy) in enumerate(zip(tasks_of(folder), copies, strict=True))
    ]
    assert len(list(detect_all(tasks, load, workers=workers))) == 21
    for task, copy in zip(tasks, copies, strict=True):
        original, drawn = task.source.read_rgb(), read_image(copy)
        assert min(drawn.shape[:2]) >= min(original.shape[:2])
    sharp = partial(np.diff, axis=1)
    assert (
        np.abs(sharp(read_image(copies[0])[150:300].astype(int))).mean()
        < np.abs(sharp(read_image(copies[1])[150:300].astype(int))).mean()
    )


def test_a_copy_that_cannot_be_written_ends_it(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    tasks = [Task(tasks_of(folder)[0].source, tmp_path / "file" / "a.jpg")]
    with pytest.raises(OutputFailed):
        list(detect_all(tasks, load, workers=1))


def test_workers_that_cannot_be_are_refused(folder: Path) -> None:
    with pytest.raises(InvalidInput, match=r"`workers` must be at least 1\. Received: 0"):
        list(detect_all(tasks_of(folder), load, workers=0))
    with pytest.raises(InvalidInput, match="standard input"):
        list(detect_all([Task(find_sources("-")[0])], load, workers=2))
