import os
from pathlib import Path

import pytest

from annotations import coco_json, put_picture, put_text, voc_object, voc_xml
from maskwise.dataset.formats.recognition import list_data_set
from maskwise.errors import BadDataset, InvalidInput

MARKS = {
    "voc": ("xml/a.xml", voc_xml("a.png", voc_object("mask", 1, 2, 3, 4))),
    "coco": (
        "annotations/a.json",
        coco_json(
            [{"id": 1, "file_name": "a.png"}],
            [{"id": 1, "image_id": 1, "category_id": 1, "bbox": [1, 2, 2, 2]}],
        ),
    ),
    "yolo": ("masks.yml", "names: [without_mask, with_mask]\n"),
    "csv": ("list.csv", "file,label,xmin,ymin,xmax,ymax\na.png,mask,1,2,3,4\n"),
}


def put(root: Path, format: str) -> None:
    put_picture(root / "images" / "a.png", size_hw=(8, 8))
    put_text(root / MARKS[format][0], MARKS[format][1])
    if format == "yolo":
        put_text(root / "labels" / "a.txt", "1 0.25 0.375 0.25 0.25\n")


@pytest.mark.parametrize("format", MARKS)
def test_each_format_is_recognised(tmp_path: Path, format: str) -> None:
    put(tmp_path, format)
    put_text(tmp_path / "notes.json", '{"a": 1}')
    put_text(tmp_path / "layout.xml", "<layout/>")
    put_text(tmp_path / "settings.yaml", "epochs: 3")
    put_text(tmp_path / "sizes.csv", "name,size\na,3")
    root, listing = list_data_set(tmp_path)
    assert root == tmp_path
    assert [(face.path, face.label, face.box_xyxy) for face in listing.candidates] == [
        ("images/a.png", 1, (1.0, 2.0, 3.0, 4.0))
    ]


@pytest.mark.parametrize("format", ["coco", "yolo", "csv"])
def test_the_file_itself_can_be_named(tmp_path: Path, format: str) -> None:
    put(tmp_path, format)
    root, listing = list_data_set(tmp_path / MARKS[format][0])
    assert root == tmp_path
    assert len(listing.candidates) == 1


@pytest.mark.parametrize("folder", ["labels", "a/b"])
@pytest.mark.parametrize("format", ["coco", "csv"])
def test_a_file_without_pictures_around_it_belongs_to_the_folder_above(
    tmp_path: Path, format: str, folder: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    put_picture(tmp_path / folder / ".." / "pictures" / "a.png", size_hw=(8, 8))
    file = put_text(
        tmp_path / folder / f"a.{'json' if format == 'coco' else format}", MARKS[format][1]
    )
    monkeypatch.chdir(file.parent)
    for named in (file, Path(file.name)):
        root, listing = list_data_set(named)
        assert root == file.parent.parent
        assert [face.path for face in listing.candidates] == ["pictures/a.png"]
        assert not listing.problems


def test_several_formats_are_named_with_the_way_out(tmp_path: Path) -> None:
    put(tmp_path, "voc")
    put(tmp_path, "coco")
    with pytest.raises(
        BadDataset, match=r"voc \(xml/a.xml\), coco \(annotations/a.json\)\. .*--format voc"
    ):
        list_data_set(tmp_path)
    assert len(list_data_set(tmp_path, format="coco")[1].candidates) == 1


def test_class_folders_beside_annotations_are_another_format(tmp_path: Path) -> None:
    put(tmp_path, "coco")
    put_picture(tmp_path / "with_mask" / "b.png")
    with pytest.raises(BadDataset, match=r"coco .*, folders \(with_mask/\)"):
        list_data_set(tmp_path)


def test_class_folders_below_the_pictures_of_annotations_are_not(tmp_path: Path) -> None:
    put(tmp_path, "coco")
    put_picture(tmp_path / "images" / "with_mask" / "b.png")
    assert list_data_set(tmp_path)[1].unlabelled == ["images/with_mask/b.png"]


def test_a_table_beside_class_folders_is_no_data_set_of_its_own(tmp_path: Path) -> None:
    put_picture(tmp_path / "with_mask" / "b.png")
    put_text(tmp_path / "other.csv", "file,label\nb.png,without_mask\n")
    assert [face.label for face in list_data_set(tmp_path)[1].candidates] == [1]


def test_a_manifest_alone_is_a_table(tmp_path: Path) -> None:
    put_picture(tmp_path / "b.png")
    put_text(tmp_path / "manifest.csv", "file,label,face\nb.png,mask,left\n")
    (face,) = list_data_set(tmp_path)[1].candidates
    assert face.attributes == {"face": "left"}


@pytest.mark.parametrize(
    ("format", "message"),
    [
        ("yolo", r"must hold a YAML file with the names of the classes\. Found none"),
        ("csv", r"must hold a CSV file .*\. Found none"),
    ],
)
def test_a_format_that_is_not_there_is_said(tmp_path: Path, format: str, message: str) -> None:
    with pytest.raises(BadDataset, match=message):
        list_data_set(tmp_path, format=format)


def test_of_two_tables_one_must_be_named(tmp_path: Path) -> None:
    for name in ("a.csv", "b.csv"):
        put_text(tmp_path / name, MARKS["csv"][1])
    with pytest.raises(BadDataset, match=r"There are a\.csv, b\.csv: name one of them"):
        list_data_set(tmp_path)


@pytest.mark.parametrize(
    ("name", "arguments", "message"),
    [
        ("data", {"format": "kitti"}, "`format` must be one of folders, voc"),
        ("data", {"class_names": {"Maske": "mask"}}, "`Maske` must stand for one of"),
        ("list.csv", {"format": "coco"}, "`format` must be csv for a .csv file"),
    ],
)
def test_wrong_arguments_are_refused(
    tmp_path: Path, name: str, arguments: dict[str, object], message: str
) -> None:
    put(tmp_path / "data", "csv")
    put_text(tmp_path / "list.csv", "")
    with pytest.raises(InvalidInput, match=message):
        list_data_set(tmp_path / name, **arguments)  # type: ignore[arg-type]


def test_own_names_of_classes_are_known_to_every_format(tmp_path: Path) -> None:
    put(tmp_path, "csv")
    put_text(tmp_path / "list.csv", "file,label\na.png,Maske\n")
    _, listing = list_data_set(tmp_path, class_names={"maske": "with_mask"})
    assert [face.label for face in listing.candidates] == [1]


def test_hostile_trees_neither_hang_nor_crash(tmp_path: Path) -> None:
    put(tmp_path, "voc")
    (tmp_path / "loop").symlink_to(tmp_path, target_is_directory=True)
    (tmp_path / "itself").symlink_to("itself")
    (tmp_path / "zero.json").symlink_to("/dev/zero")
    (tmp_path / "self.yaml").symlink_to("self.yaml")
    for suffix in (".json", ".xml", ".yaml", ".csv", ".txt"):
        os.mkfifo(tmp_path / f"pipe{suffix}")
        with (tmp_path / f"huge{suffix}").open("wb") as file:
            file.truncate(5 * 2**30)
    (tmp_path / "xml" / "deep.xml").mkdir()
    listing = list_data_set(tmp_path)[1]
    assert len(listing.candidates) == 1
    assert {problem.where for problem in listing.problems} == {
        *("zero.json", "self.yaml", "huge.xml"),
        *(f"pipe{suffix}" for suffix in (".json", ".xml", ".yaml", ".csv", ".txt")),
    }
