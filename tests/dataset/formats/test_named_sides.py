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


def test_a_set_of_one_side_or_of_other_words_is_not_split(tmp_path: Path) -> None:
    put_picture(tmp_path / "train" / "mask" / "1.png")
    put_picture(tmp_path / "contest" / "mask" / "2.png")
    assert set(sides_of(tmp_path).values()) == {None}
