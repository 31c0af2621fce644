import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from scipy.stats import binomtest

from audits import HOSTILE, SCRIPT, clean_audit, hostile_audit
from maskwise.dataset.audit.findings import Audit, DuplicateGroup, Probe
from maskwise.errors import OutputFailed


@pytest.fixture
def audit() -> Audit:
    return hostile_audit()


def read_strictly(text: str) -> Any:
    def refuse(constant: str) -> None:
        raise ValueError(f"{constant} is not JSON")

    return json.loads(text, parse_constant=refuse)


def test_near_duplicates_are_lists_of_paths_with_details_beside_them(audit: Audit) -> None:
    values = read_strictly(audit.to_json())
    assert values["near_duplicates"] == [
        [SCRIPT, HOSTILE, "without_mask/äöü 顔.jpg"],
        ["with_mask/c.jpg", "with_mask/d.jpg"],
        ["with_mask/a.jpg", "with_mask/b.jpg"],
    ]
    assert values["exact_duplicates"] == [["with_mask/a.jpg", "with_mask/b.jpg"]]
    assert values["near_duplicate_details"] == [
        {
            "labels": ["without_mask", "with_mask"],
            "sides": [],
            "is_exact": False,
            "crosses_classes": True,
            "crosses_sides": False,
        },
        {
            "labels": ["with_mask"],
            "sides": ["train", "test"],
            "is_exact": False,
            "crosses_classes": False,
            "crosses_sides": True,
        },
        {
            "labels": ["with_mask"],
            "sides": [],
            "is_exact": True,
            "crosses_classes": False,
            "crosses_sides": False,
        },
    ]


def test_json_holds_everything_that_was_found(audit: Audit) -> None:
    text = audit.to_json()
    values = read_strictly(text)
    assert text.isascii()
    assert values["format_version"] == 1
    assert values["root"] == str(audit.root)
    assert (values["n_pictures"], values["n_faces"]) == (390, 400)
    assert values["counts"] == {"without_mask": 170, "with_mask": 200, "incorrect": 30}
    assert values["counts_by_source"]["two"] == {"with_mask": 20}
    assert values["random_split_leak"] == 0.11
    assert values["split_scenes"] == {"scene\u202e <1>": ["train", "<te|st>"]}
    assert values["mislabels"][1] == {
        "path": HOSTILE,
        "box_xyxy": [1, 2, 30, 40],
        "label": "without_mask",
        "score": 0.9,
        "likelier": "incorrect",
    }
    assert values["non_faces"][0]["likelier"] is None
    assert replace(audit, non_faces=None).to_dict()["non_faces"] is None
    assert values["unreadable"] == [{"path": HOSTILE, "reason": "not a picture: <html>"}]
    assert values["misnamed"][0] == {"path": "with_mask/a.jpg", "kind": "PNG"}
    assert values["problems"] == [{"where": "a.xml:12", "reason": "unknown class <mask>"}]
    assert values["unlabelled"] == ["stray/`a|b`.jpg"]
    assert values["concerns"][0]["about"] == "probes"


def test_json_of_probes_has_wilson_intervals_beside_the_majority(audit: Audit) -> None:
    first = read_strictly(audit.to_json())["probes"][0]
    independent = binomtest(360, 400).proportion_ci(method="wilson")
    assert first["accuracy"] == {
        "value": 0.9,
        "low": pytest.approx(independent.low),
        "high": pytest.approx(independent.high),
    }
    assert first["majority_share"] == 0.5
    assert first["beats_majority"] is True


def test_a_probe_beats_the_majority_only_with_its_whole_interval() -> None:
    assert not Probe("border", right=210, n=400, majority=200).beats_majority
    assert Probe("border", right=260, n=400, majority=200).beats_majority
    assert not Probe("border", right=100, n=400, majority=200).beats_majority


def test_a_probe_without_pictures_is_undefined() -> None:
    nothing = Probe("border", right=0, n=0, majority=0)
    assert nothing.accuracy.value is None
    assert nothing.majority_share == 0
    assert not nothing.beats_majority


def test_an_audit_of_nothing_can_be_written_in_every_form() -> None:
    nothing = replace(clean_audit(), n_pictures=0, counts={}, probes=(), leak=None)
    assert read_strictly(nothing.to_json())["n_faces"] == 0
    assert "There is nothing to tell apart" in str(nothing)
    assert "There is nothing to tell apart" in nothing.to_markdown()
    assert "There is nothing to tell apart" in nothing.to_html()


def test_write(audit: Audit, tmp_path: Path) -> None:
    folder = tmp_path / "new" / "folder"
    paths = audit.write(folder)
    assert [path.name for path in paths] == ["audit.json", "audit.md", "audit.html"]
    assert sorted(folder.iterdir()) == sorted(paths)
    first = [path.read_bytes() for path in paths]
    assert [path.read_bytes() for path in audit.write(folder)] == first
    assert first[0].decode() == audit.to_json()
    assert first[1].decode() == audit.to_markdown() + "\n"
    assert first[2].decode() == audit.to_html()


def test_write_where_it_cannot(audit: Audit, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(OutputFailed, match="Could not write"):
        audit.write(tmp_path / "file")


def test_a_group_crosses_only_what_it_has_two_of() -> None:
    group = DuplicateGroup(("a", "b"), (1,), ("test",), is_exact=False)
    assert not group.crosses_classes
    assert not group.crosses_sides
