from pathlib import Path

import pytest

from maskwise.dataset.formats.recognition import list_data_set
from pictures import draw_picture


def sides_of(root: Path) -> dict[str, str | None]:
    return {face.path: face.attributes.get("side") for face in list_data_set(root)[1].candidates}


def put_picture(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    draw_picture(1, masked=True).save(path)


@pytest.mark.parametrize(
    "names", [("Train", "Test"), ("train_set", "02-test"), ("a/train", "a/test")]
)
def test_folders_of_class_folders_may_be_sides(tmp_path: Path, names: tuple[str, str]) -> None:
    for name in names:
        put_picture(tmp_path / name / "WithMask" / "1.png")
    assert sides_of(tmp_path) == {
        f"{names[0]}/WithMask/1.png": "train",
        f"{names[1]}/WithMask/1.png": "test",
    }


def test_a_column_that_names_the_split_goes_before_folders(tmp_path: Path) -> None:
    for name in ("train/mask/1.png", "train/mask/2.png"):
        put_picture(tmp_path / name)
    (tmp_path / "manifest.csv").write_text(
        "file,split\ntrain/mask/1.png,Val\ntrain/mask/2.png,train\n"
    )
    assert sides_of(tmp_path) == {"train/mask/1.png": "validation", "train/mask/2.png": "train"}


@pytest.mark.parametrize("column", ["side", "Side", "split", "Split", "SUBSET"])
def test_a_column_may_be_written_in_many_ways(tmp_path: Path, column: str) -> None:
    for name in ("1", "2", "3", "4"):
        put_picture(tmp_path / "mask" / f"{name}.png")
    put_picture(tmp_path / "no_face" / "5.png")
    (tmp_path / "manifest.csv").write_text(
        f"file,{column}\nmask/1.png,val\nmask/2.png,Train\nmask/3.png,trian\nno_face/5.png,dev\n"
    )
    listing = list_data_set(tmp_path)[1]
    sides = sides_of(tmp_path)
    assert sides["mask/1.png"] == "validation"
    assert sides["mask/2.png"] == "train"
    assert listing.faceless["no_face/5.png"]["side"] == "validation"
    (problem,) = listing.problems
    assert problem.where == "mask/3.png"
    assert problem.reason == (
        f"the {column.lower()} 'trian', of 1 faces or pictures, is none of train, validation, "
        "test: it does not count"
    )


def test_a_column_that_speaks_of_no_side_is_an_attribute(tmp_path: Path) -> None:
    put_picture(tmp_path / "mask" / "1.png")
    (tmp_path / "manifest.csv").write_text("file,subset\nmask/1.png,kaggle\n")
    listing = list_data_set(tmp_path)[1]
    assert [face.attributes for face in listing.candidates] == [{"subset": "kaggle"}]
    assert not listing.problems


def test_attributes_with_a_meaning_may_have_capitals(tmp_path: Path) -> None:
    put_picture(tmp_path / "mask" / "1.png")
    (tmp_path / "manifest.csv").write_text("file,Source,Note\nmask/1.png,kaggle,x\n")
    (face,) = list_data_set(tmp_path)[1].candidates
    assert face.attributes == {"source": "kaggle", "Note": "x"}


def test_a_set_of_one_side_or_of_other_words_is_not_split(tmp_path: Path) -> None:
    put_picture(tmp_path / "train" / "mask" / "1.png")
    put_picture(tmp_path / "contest" / "mask" / "2.png")
    assert set(sides_of(tmp_path).values()) == {None}
