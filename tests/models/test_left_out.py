import csv
from dataclasses import replace
from pathlib import Path

import numpy as np

import left_out
from maskwise.dataset.dataset import Dataset
from maskwise.dataset.samples import Sample
from maskwise.labels import INCORRECT, WITH_MASK, WITHOUT_MASK
from pictures import fill_class_folders

SAID = {WITHOUT_MASK: (0.9, 0.06, 0.04), WITH_MASK: (0.1, 0.85, 0.05), INCORRECT: (0.1, 0.1, 0.8)}


def face(label: int, number: int, *, covering: str = "", source: str = "one") -> Sample:
    attributes = {"source": source, "group": str(number)}
    if covering:
        attributes["covering"] = covering
    return Sample(f"{number}.jpg", label, 1, f"{number:064}", (40, 48), attributes=attributes)


def table(path: Path) -> list[list[str]]:
    lines = path.read_text(encoding="utf-8").splitlines()
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]


def test_painted_pictures_are_not_judged_on_and_others_sources_are_trained_on(
    tmp_path: Path,
) -> None:
    data = Dataset.open(fill_class_folders(tmp_path / "data", per_class=3))
    described = [
        replace(
            sample,
            attributes={
                "source": "one" if index < 4 else "two",
                **({"synthetic": "1"} if index == 0 else {}),
            },
        )
        for index, sample in enumerate(data.samples)
    ]
    judged_on, rest = left_out.share_out(replace(data, samples=tuple(described)), {"one"})
    assert [sample.path for sample in judged_on.samples] == [s.path for s in described[1:4]]
    assert [sample.path for sample in rest.samples] == [s.path for s in described[4:]]


def test_figures_tell_what_bare_faces_are_called(tmp_path: Path) -> None:
    called = [WITHOUT_MASK] * 3 + [WITH_MASK] * 2 + [INCORRECT]
    faces = tuple(face(label, number) for number, label in enumerate([0, 0, 0, 0, 1, 2]))
    said = np.array([SAID[each] for each in called], np.float32)
    is_sure = np.array([True, True, False, True, True, True])
    left_out.write_figures(tmp_path, faces, said, is_sure)
    titles, _, row = table(tmp_path / "figures.md")
    figures = dict(zip(titles, row, strict=True))
    assert (figures["Source"], figures["Shown"], figures["Faces"]) == ("one", "whole", "6")
    assert figures["Right of bare"].startswith("0.750 ")
    assert figures["Bare called masked"].startswith("0.250 ")
    assert figures["Right of masked"].startswith("1.000 ")
    assert figures["Mean of both"].startswith("0.875 ")
    assert figures["Worn wrongly passed as masks"].startswith("0.000 ")
    assert figures["Answered"].startswith("0.833 ")
    assert figures["Wrong of the answered"].startswith("0.200 ")


def test_coverings_tell_what_beards_are_called(tmp_path: Path) -> None:
    faces = tuple(face(0, number, covering="beard" if number < 4 else "") for number in range(6))
    said = np.array([SAID[WITH_MASK if number == 0 else WITHOUT_MASK] for number in range(6)])
    left_out.write_figures(tmp_path, faces, said.astype(np.float32), np.ones(6, dtype=np.bool_))
    _, _, row = table(tmp_path / "coverings.md")
    assert row[:3] == ["beard", "whole", "4"]
    assert [cell.split()[0] for cell in row[3:]] == ["0.750", "0.250", "0.000"]


def test_unlikely_labels_are_listed_to_be_looked_at(tmp_path: Path) -> None:
    faces = (face(WITHOUT_MASK, 0), face(WITHOUT_MASK, 1))
    said = np.array([SAID[WITHOUT_MASK], SAID[WITH_MASK]], dtype=np.float32)
    left_out.write_figures(tmp_path, faces, said, np.ones(2, dtype=np.bool_))
    with (tmp_path / "doubtful.csv").open(encoding="utf-8", newline="") as file:
        (row,) = csv.DictReader(file)
    assert (row["path"], row["label"], row["answer"]) == ("1.jpg", "without_mask", "with_mask")
    assert row["probability"] == "0.1000"


def test_a_network_of_two_classes_never_says_the_third(tmp_path: Path) -> None:
    filled = left_out.fill_up(np.array([[0.25, 0.75]], dtype=np.float32))
    assert filled.tolist() == [[0.25, 0.75, 0.0]]
    faces = (face(INCORRECT, 0),)
    left_out.write_figures(tmp_path, faces, filled, np.ones(1, dtype=np.bool_))
    titles, _, row = table(tmp_path / "figures.md")
    figures = dict(zip(titles, row, strict=True))
    assert figures["Worn wrongly passed as masks"].startswith("1.000 ")
