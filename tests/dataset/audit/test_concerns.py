from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from audits import clean_audit, hostile_audit
from maskwise.dataset.audit.concerns import find_concerns
from maskwise.dataset.audit.contradictions import Contradiction
from maskwise.dataset.audit.findings import DuplicateGroup, Misnamed, Probe, Suspect
from maskwise.dataset.audit.page import SECTIONS
from maskwise.dataset.audit.parted import PartedGroup
from maskwise.dataset.samples import Problem, Rejected

TWINS = ("a.jpg", "b.jpg")


def test_a_clean_set_gives_no_concern() -> None:
    assert find_concerns(clean_audit()) == ()


@pytest.mark.parametrize(
    ("wrong", "title", "figure"),
    [
        pytest.param(
            {"probes": (Probe("metadata", 180, 200, 100),)},
            "File metadata gives the class away",
            "90.0 % right without a look at any pixel, 50.0 % by always naming the commonest class",
            id="metadata",
        ),
        pytest.param(
            {"probes": (Probe("border", 180, 200, 100),)},
            "The background gives the class away",
            "90.0 % right from the border alone, 50.0 % by always naming the commonest class",
            id="border",
        ),
        pytest.param(
            {"leak": 0.11},
            "A random split leaks",
            "11.0 % of its test pictures have a near-duplicate or a scene-mate among the others",
            id="leak",
        ),
        pytest.param(
            {"near_duplicates": (DuplicateGroup(TWINS, (0,), (), True),)},
            "Some pictures are copies",
            "1 near-duplicate of 200 pictures",
            id="copies",
        ),
        pytest.param(
            {
                "leak": 0.2,
                "near_duplicates": (DuplicateGroup(TWINS, (0,), ("train", "test"), True),),
                "split_scenes": {"hall": ("train", "test"), "yard": ("train", "test")},
            },
            "The given split leaks",
            "1 group of near-duplicates and 2 scenes on two sides",
            id="given split",
        ),
        pytest.param(
            {
                "near_duplicates": (DuplicateGroup(TWINS, (0,), ("train", "test"), True),),
                "parted_groups": (
                    PartedGroup(TWINS, ("test", "train")),
                    PartedGroup(("c.jpg", "d.jpg"), ("test", "train")),
                ),
            },
            "The given split leaks",
            "2 groups of pictures that belong together on two sides, among them 1 group of "
            "near-duplicates",
            id="groups of the data set",
        ),
        pytest.param(
            {
                "contradictions": (
                    Contradiction(TWINS, None, (0, 1)),
                    Contradiction(("c.jpg",), (1, 2, 3, 4), (0, 1)),
                )
            },
            "The same face has two classes",
            "2 faces in 3 files",
            id="contradictions",
        ),
        pytest.param(
            {"leak": 0.2, "near_duplicates": (DuplicateGroup(TWINS, (0, 1), (), True),)},
            "The same shot stands in two classes",
            "1 group with 2 pictures",
            id="two classes",
        ),
        pytest.param(
            {"counts_by_source": {"one": {"with_mask": 100}, "two": {"without_mask": 100}}},
            "Sources give the class away",
            "2 of 2 sources have one class only",
            id="sources",
        ),
        pytest.param(
            {"mislabels": (Suspect("a.jpg", None, 0, 0.9, 1),)},
            "Some labels look wrong",
            "1 of 200 faces",
            id="mislabels",
        ),
        pytest.param(
            {"non_faces": (Suspect("a.jpg", None, 0, 0.9),)},
            "Some pictures seem to show no face",
            "1 of 200 pictures",
            id="non-faces",
        ),
        pytest.param(
            {"counts": {"without_mask": 19, "with_mask": 181}},
            "The classes are out of balance",
            "19 of 200 faces “no mask”",
            id="imbalance",
        ),
        pytest.param(
            {"counts": {"without_mask": 200, "with_mask": 0}},
            "There is nothing to tell apart",
            "200 faces, all “no mask”",
            id="one class",
        ),
        pytest.param(
            {"unreadable": (Rejected("a.jpg", "empty"),)},
            "Some files cannot be used",
            "1 file",
            id="unreadable",
        ),
        pytest.param(
            {"misnamed": (Misnamed("a.jpg", "PNG"),)},
            "Some names claim another format",
            "1 picture",
            id="misnamed",
        ),
        pytest.param(
            {"problems": (Problem("a.xml", "broken"), Problem("b.xml", "broken"))},
            "Annotations are wrong in places",
            "2 problems",
            id="problems",
        ),
        pytest.param(
            {"unlabelled": ("a.jpg",)}, "Some pictures have no class", "1 picture", id="unlabelled"
        ),
    ],
)
def test_each_finding_is_said_in_words(wrong: Mapping[str, Any], title: str, figure: str) -> None:
    figures = {
        concern.title: concern.figure for concern in find_concerns(replace(clean_audit(), **wrong))
    }
    assert figures[title] == figure


@pytest.mark.parametrize(
    "harmless",
    [
        pytest.param({"probes": (Probe("metadata", 110, 200, 100),)}, id="may be chance"),
        pytest.param(
            {"probes": (Probe("metadata", 130, 200, 100, effective_n=20.0),)}, id="few witnesses"
        ),
        pytest.param({"probes": (Probe("thumbnail", 199, 200, 100),)}, id="shows the face"),
        pytest.param({"counts": {"without_mask": 40, "with_mask": 160}}, id="one to four"),
        pytest.param({"counts_by_source": {"": {"with_mask": 100}}}, id="source not named"),
        pytest.param(
            {"counts_by_source": {"one": {"with_mask": 9, "without_mask": 1}}}, id="mixed source"
        ),
    ],
)
def test_what_is_harmless_gives_no_concern(harmless: Mapping[str, Any]) -> None:
    assert find_concerns(replace(clean_audit(), **harmless)) == ()


def test_what_fools_most_comes_first_and_broken_files_last() -> None:
    concerns = find_concerns(hostile_audit())
    titles = [concern.title for concern in concerns]
    assert titles[0] == "File metadata gives the class away"
    first_lacking = titles.index("Some names claim another format")
    for part in (concerns[:first_lacking], concerns[first_lacking:]):
        shares = [concern.share for concern in part]
        assert shares == sorted(shares, reverse=True)
    assert "Some labels look wrong" in titles[:first_lacking]
    assert "Some files cannot be used" in titles[first_lacking:]


def test_every_concern_leads_to_a_section_of_the_page() -> None:
    concerns = find_concerns(hostile_audit())
    assert {concern.about for concern in concerns} <= set(SECTIONS)
    assert all(0 <= concern.share <= 1 for concern in concerns)


def test_sources_are_held_out_only_if_there_are_two() -> None:
    telling = replace(clean_audit(), probes=(Probe("border", 180, 200, 100),))
    assert "--hold-out-source" not in find_concerns(telling)[0].remedy
    sources = {"one": {"with_mask": 50, "without_mask": 50}, "two": {"with_mask": 50}}
    (first, *_) = find_concerns(replace(telling, counts_by_source=sources))
    assert "--hold-out-source" in first.remedy
