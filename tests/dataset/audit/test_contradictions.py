from dataclasses import replace

from maskwise.dataset.audit.contradictions import (
    Contradiction,
    classes_of_shot,
    find_contradictions,
)
from maskwise.dataset.samples import Sample

WHOLE = Sample("a.jpg", 0, 1, "hash of a", (9, 9))
BOXED = replace(WHOLE, box_xyxy=(0.0, 0.0, 4.0, 4.0))


def test_equal_files_and_one_file_with_two_classes_are_found() -> None:
    copy = replace(BOXED, path="copy.jpg", label=2)
    other = replace(WHOLE, path="b.jpg", sha256="hash of b")
    assert find_contradictions([copy, WHOLE, BOXED, other, replace(other, label=1)]) == (
        Contradiction(("a.jpg", "copy.jpg"), (0.0, 0.0, 4.0, 4.0), (0, 2)),
        Contradiction(("b.jpg",), None, (0, 1)),
    )


def test_other_faces_and_equal_labels_are_no_contradiction() -> None:
    neighbour = replace(BOXED, label=1, box_xyxy=(4.0, 0.0, 8.0, 4.0))
    assert find_contradictions([WHOLE, replace(WHOLE, path="copy.jpg"), BOXED, neighbour]) == ()


def test_a_shot_has_classes_if_each_picture_shows_one_face() -> None:
    other = replace(BOXED, path="b.jpg", label=1)
    second = replace(other, box_xyxy=(4.0, 0.0, 8.0, 4.0))
    assert classes_of_shot([[BOXED], [other]]) == (0, 1)
    assert classes_of_shot([[WHOLE, replace(WHOLE, label=1)]]) == (0, 1)
    assert classes_of_shot([[BOXED], [other, second]]) == ()


def test_json_names_the_classes() -> None:
    assert Contradiction(("a.jpg",), None, (0, 2)).to_dict() == {
        "paths": ["a.jpg"],
        "box_xyxy": None,
        "labels": ["without_mask", "incorrect"],
    }
