from pathlib import Path

import numpy as np
import pytest

from maskwise.errors import InvalidInput
from maskwise.outputs.journal import Journal
from maskwise.outputs.outcome import Outcome
from maskwise.results import Faces

ASKED = {"sources": "a", "model": "b", "options": ["yunet", None]}


def outcome(name: str) -> Outcome:
    faces = Faces(
        xyxy=np.array([[1, 2, 30, 40]], dtype=np.float32),
        detector_score=np.array([0.9], dtype=np.float32),
        probability=np.array([[0.2, 0.8]], dtype=np.float32),
        label=np.array([1]),
    )
    return Outcome(name, size_hw=(50, 60), faces=faces)


@pytest.fixture
def journal(tmp_path: Path) -> Journal:
    """One that was begun, with three outcomes."""
    journal = Journal(tmp_path / "answers.csv")
    journal.begin(ASKED)
    with journal.adding() as add:
        add(outcome("a.jpg"))
        add(Outcome("b.jpg", error="b.jpg: broken"))
        add(outcome("c.jpg"))
    return journal


def test_what_was_added_comes_back_in_order(journal: Journal) -> None:
    first, second, third = journal.outcomes()
    assert [first.source, second.source, third.source] == ["a.jpg", "b.jpg", "c.jpg"]
    assert second.error == "b.jpg: broken"
    assert second.faces is None
    assert first.faces is not None
    assert first.faces.to_dicts() == outcome("a.jpg").faces.to_dicts()  # type: ignore[union-attr]
    assert first.size_hw == (50, 60)


def test_a_line_that_a_kill_tore_off_is_dropped_and_written_again(journal: Journal) -> None:
    lines = journal.folder / "lines.jsonl"
    lines.write_bytes(lines.read_bytes()[:-10])
    assert [each.source for each in journal.outcomes()] == ["a.jpg", "b.jpg"]
    with journal.adding() as add:
        add(outcome("c.jpg"))
        add(outcome("d.jpg"))
    assert [each.source for each in journal.outcomes()] == ["a.jpg", "b.jpg", "c.jpg", "d.jpg"]


def test_the_same_question_may_go_on_and_another_may_not(journal: Journal) -> None:
    journal.require_same(dict(ASKED))
    with pytest.raises(InvalidInput, match=r"but model differ\. Remove .*answers\.csv\.journal"):
        journal.require_same({**ASKED, "model": "c"})
    with pytest.raises(InvalidInput, match="but options, sources differ"):
        journal.require_same({"model": "b", "options": []})


@pytest.mark.parametrize("content", ["", "{", "[]", "7", '"text"', "\udcff"])
def test_a_damaged_question_is_refused(journal: Journal, content: str) -> None:
    asked = journal.folder / "asked.json"
    asked.write_bytes(content.encode("utf-8", "surrogateescape"))
    with pytest.raises(InvalidInput, match=r"asked\.json is damaged.*Remove its folder"):
        journal.require_same(ASKED)


def test_to_begin_anew_forgets_what_was(journal: Journal) -> None:
    journal.begin(ASKED)
    assert list(journal.outcomes()) == []


def test_nothing_is_left_of_one_that_is_removed(journal: Journal, tmp_path: Path) -> None:
    assert journal.exists
    journal.remove()
    assert not journal.exists
    assert list(tmp_path.iterdir()) == []
