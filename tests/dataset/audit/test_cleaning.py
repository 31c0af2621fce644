"""What is left of a data set without what an audit is sure of."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from maskwise.dataset.audit.cleaning import clean
from maskwise.dataset.audit.contradictions import find_contradictions
from maskwise.dataset.audit.findings import Audit, DuplicateGroup
from maskwise.dataset.dataset import Dataset
from maskwise.dataset.samples import Problem, Rejected, Sample

BOX = (1.0, 2.0, 8.0, 9.0)


def face(path: str, label: int, *, n_bytes: int = 1, box: Any = None, **attributes: str) -> Sample:
    return Sample(path, label, n_bytes, path, (9, 9), box_xyxy=box, attributes=attributes)


def cleaned(
    folder: Path, *samples: Sample, shots: tuple[tuple[str, ...], ...] = (), **others: Any
) -> tuple[set[str], Mapping[str, str]]:
    """The paths that are left, and why others are not."""
    data = Dataset(folder, samples, **others)
    found = Audit(
        root=folder,
        created="",
        n_pictures=len(samples),
        counts=data.counts(),
        near_duplicates=tuple(DuplicateGroup(paths, (), (), False) for paths in shots),
        contradictions=find_contradictions(samples),
    )
    left, removed = clean(data, found)
    return {sample.path for sample in left.samples}, removed


@pytest.mark.parametrize(
    ("sides", "kept"),
    [
        pytest.param(("test", "train", "train"), "a.jpg", id="test"),
        pytest.param(("train", "validation", ""), "b.jpg", id="validation"),
        pytest.param(("train", "test", "validation"), "b.jpg", id="all"),
        pytest.param(("train", "train", ""), "c.jpg", id="the best of the others"),
    ],
)
def test_the_copy_on_the_side_that_is_judged_on_stays(
    sides: tuple[str, ...], kept: str, tmp_path: Path
) -> None:
    paths = ("a.jpg", "b.jpg", "c.jpg")
    copies = [
        face(path, 1, n_bytes=n, side=side)
        for n, (path, side) in enumerate(zip(paths, sides, strict=True))
    ]
    left, removed = cleaned(tmp_path, *copies, shots=(paths,))
    assert left == {kept}
    assert set(removed.values()) == {f"the same shot as {kept}"}


def test_copies_with_a_box_each_in_two_classes_are_left_out(tmp_path: Path) -> None:
    copies = [face("a.jpg", 0, box=BOX), face("b.jpg", 1, box=BOX), face("c.jpg", 1, box=BOX)]
    left, removed = cleaned(tmp_path, *copies, shots=(("a.jpg", "b.jpg"),))
    assert left == {"c.jpg"}
    assert removed["a.jpg"] == removed["b.jpg"] == "the same shot stands in another class"


@pytest.mark.parametrize("box", [None, BOX], ids=["whole picture", "box"])
def test_a_face_that_is_listed_in_two_classes_is_left_out(box: Any, tmp_path: Path) -> None:
    samples = [face("a.jpg", 0, box=box), face("a.jpg", 1, box=box), face("b.jpg", 0)]
    left, removed = cleaned(tmp_path, *samples)
    assert left == {"b.jpg"}
    assert removed == {"a.jpg": "the same face stands in another class"}


def test_scenes_with_several_faces_are_no_contradiction(tmp_path: Path) -> None:
    scenes = [
        face(path, label, box=(0.0, 0.0, 1.0 + label, 2.0))
        for path in ("a.jpg", "b.jpg")
        for label in (0, 1)
    ]
    left, removed = cleaned(tmp_path, *scenes, shots=(("a.jpg", "b.jpg"),))
    assert left == {"b.jpg"}
    assert removed == {"a.jpg": "the same shot as b.jpg"}


def test_of_painted_copies_and_of_true_ones_one_of_each_class_stays(tmp_path: Path) -> None:
    shot = [
        *(face(f"true{n}.jpg", 0, n_bytes=n) for n in range(3)),
        *(face(f"painted{n}.jpg", 1, n_bytes=n, synthetic="1") for n in range(2)),
        face("chin.jpg", 2, synthetic="1"),
    ]
    left, removed = cleaned(tmp_path, *shot, shots=(tuple(s.path for s in shot),))
    assert left == {"true2.jpg", "painted1.jpg", "chin.jpg"}
    assert removed["painted0.jpg"] == "the same shot as painted1.jpg"


def test_true_copies_that_contradict_each_other_go_and_painted_ones_stay(tmp_path: Path) -> None:
    shot = [face("a.jpg", 0), face("b.jpg", 1), face("c.jpg", 1, synthetic="1")]
    left, removed = cleaned(tmp_path, *shot, shots=(("a.jpg", "b.jpg", "c.jpg"),))
    assert left == {"c.jpg"}
    assert removed["a.jpg"] == "the same shot stands in another class"


def test_every_file_that_is_not_copied_has_its_reason(tmp_path: Path) -> None:
    names = ("used", "unlabelled", "broken", "faceless", "lost")
    for name in names:
        (tmp_path / f"{name}.jpg").write_bytes(b"")
    left, removed = cleaned(
        tmp_path,
        face("used.jpg", 0),
        unlabelled=("unlabelled.jpg",),
        faceless=("faceless.jpg",),
        unreadable=(Rejected("broken.jpg", "empty"),),
        problems=(Problem("a.json:7", "the box is empty: the face is not used"),),
    )
    assert left == {"used.jpg"}
    assert removed == {
        "broken.jpg": "cannot be used: empty",
        "lost.jpg": "none of its faces can be used, see the problems in annotations",
        "unlabelled.jpg": "no class is known",
    }
