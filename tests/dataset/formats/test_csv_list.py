from pathlib import Path

import pytest

from annotations import put_picture, put_text
from maskwise.dataset.class_names import class_of
from maskwise.dataset.formats.csv_list import list_csv
from maskwise.dataset.formats.listing import Listing
from maskwise.dataset.formats.recognition import list_data_set
from maskwise.dataset.formats.tree import Tree
from maskwise.dataset.samples import Candidate


def listed(root: Path, text: str) -> Listing:
    put_text(root / "a.csv", text)
    return list_csv(Tree.walk(root), class_of, ["a.csv"])


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return put_picture(tmp_path / "images" / "a.png").parents[1]


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("file,label,xmin,ymin,xmax,ymax\na.png,mask,1,2,3.5,4", id="corners"),
        pytest.param("\ufefffilename,class,x1,y1,x2,y2\na.png,mask,1,2,3.5,4\n", id="BOM"),
        pytest.param("Image Path;Class-Name;Left;Top;Right;Bottom\na.png;mask;1;2;3.5;4", id=";"),
        pytest.param("image\tlabel\tx\ty\tw\th\r\na.png\tmask\t1\t2\t2.5\t2\r\n", id="tabs"),
        pytest.param("x,y,width,height,label,path\n1,2,2.5,2,mask,images/a.png", id="size"),
        pytest.param('file,label,xmin,ymin,xmax,ymax\n"a.png","mask",1,2,3.5,4\n\n', id="quotes"),
    ],
)
def test_tables_of_many_makers_are_read(root: Path, text: str) -> None:
    assert listed(root, text).candidates == [
        Candidate("images/a.png", 1, (1.0, 2.0, 3.5, 4.0), where="a.csv:2")
    ]


def test_width_and_height_beside_corners_are_those_of_the_picture(root: Path) -> None:
    text = "filename,width,height,class,xmin,ymin,xmax,ymax\na.png,48,40,mask,1,2,3,4"
    (face,) = listed(root, text).candidates
    assert (face.annotated_hw, face.box_xyxy) == ((40, 48), (1.0, 2.0, 3.0, 4.0))


def test_other_columns_are_attributes_and_empty_cells_are_none(root: Path) -> None:
    text = 'file,label,source,note,face\na.png,mask,kaggle,,"1, left"\na.png,no mask,,"two\nlines",'
    assert [(face.attributes, face.box_xyxy) for face in listed(root, text).candidates] == [
        ({"source": "kaggle", "face": "1, left"}, None),
        ({"note": "two\nlines"}, None),
    ]


def test_of_two_columns_that_mean_the_same_the_better_name_counts(root: Path) -> None:
    text = "image,file,category,label\nimage 1,a.png,photo,mask"
    (face,) = listed(root, text).candidates
    assert face.attributes == {"image": "image 1", "category": "photo"}


def test_a_line_without_class_and_box_says_that_there_is_no_face(root: Path) -> None:
    text = "file,label,source\na.png,,kaggle\n"
    assert listed(root, text).faceless == {"images/a.png": {"source": "kaggle"}}


def test_faces_are_counted_as_they_are_listed(root: Path) -> None:
    put_picture(root / "images" / "b.png")
    text = "file,label,xmin,ymin,xmax,ymax\na.png,mask,1,2,3,x\nb.png,mask,,,,\na.png,mask,1,2,3,4"
    assert [(face.path, face.number) for face in listed(root, text).candidates] == [
        ("images/a.png", 2),
        ("images/b.png", 1),
    ]


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize("name", ["a;b;c;d;e", "a,b,c,d,e", "a\tb\tc\td"])
def test_a_name_full_of_delimiters_does_not_mislead(root: Path, delimiter: str, name: str) -> None:
    text = (
        delimiter.join(["file", "label", f'"{name}"'])
        + "\n"
        + delimiter.join(["a.png", "mask", "x"])
    )
    assert [face.attributes for face in listed(root, text).candidates] == [{name: "x"}]


@pytest.mark.parametrize(
    ("tables", "pictures"),
    [
        pytest.param(
            ["train/_annotations.csv", "valid/_annotations.csv"],
            ["train/a.png", "valid/a.png"],
            id="a table in the folder of each side",
        ),
        pytest.param(
            ["train_labels.csv", "val_labels.csv"],
            ["images/train/a.png", "images/val/a.png"],
            id="a table for each side",
        ),
    ],
)
def test_tables_that_name_sides_are_read_together(
    tmp_path: Path, tables: list[str], pictures: list[str]
) -> None:
    for table, picture in zip(tables, pictures, strict=True):
        put_picture(tmp_path / picture)
        name = "a.png" if "/" in table else picture
        put_text(tmp_path / table, f"filename,class,xmin,ymin,xmax,ymax\n{name},mask,1,2,30,4\n")
    root, listing = list_data_set(tmp_path)
    assert root == tmp_path
    assert [(face.path, face.attributes) for face in listing.candidates] == [
        (pictures[0], {"side": "train"}),
        (pictures[1], {"side": "validation"}),
    ]
    assert not listing.problems


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("a.png,mask,1,2,3", "5 cells instead of 6"),
        ("a.png,mask,1,2,3,4,5", "7 cells instead of 6"),
        ("a.png,mask,1,2,x,4", "'x' is not a number"),
        ("a.png,mask,1,2,inf,4", "'inf' is not a number"),
        ("a.png,mask,1,2,,4", "the box has no right"),
        ("a.png,,1,2,3,4", "the box has no class"),
        ("a.png,helmet,1,2,3,4", "of the class 'helmet', which is not known"),
        ("gone.png,mask,1,2,3,4", "no picture 'gone.png'"),
        ("../a.png,mask,1,2,3,4", "lies outside of the data folder"),
        (",mask,1,2,3,4", "no picture is named"),
        ("x\0.png,mask,1,2,3,4", "is no name of a file"),
        pytest.param("x" * 200_000 + ",mask,1,2,3,4", "broken CSV", id="a long cell"),
    ],
)
def test_a_line_that_cannot_be_used_is_a_problem(root: Path, line: str, reason: str) -> None:
    listing = listed(root, f"file,label,xmin,ymin,xmax,ymax\na.png,mask,1,2,3,4\n{line}\n")
    (problem,) = listing.problems
    assert problem.where == "a.csv:3"
    assert reason in problem.reason
    assert len(listing.candidates) == 1


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "names the columns"),
        ("\n\n", "names the columns"),
        ("a.png,mask\n", "no column is called as that of the path would be; there are a.png, mask"),
        ("file,size\na.png,3", "no column is called as that of the class would be"),
    ],
)
def test_a_table_without_the_columns_it_needs_is_a_problem(
    root: Path, text: str, reason: str
) -> None:
    (problem,) = listed(root, text).problems
    assert problem.where == "a.csv:1"
    assert reason in problem.reason


def test_names_of_any_bytes_are_found(root: Path) -> None:
    (root / "images" / "a.png").rename(root / "images" / "\udcff.png")
    (root / "a.csv").write_bytes(b"file,label\n\xff.png,mask\n")
    listing = list_csv(Tree.walk(root), class_of, ["a.csv"])
    assert [face.path for face in listing.candidates] == ["images/\udcff.png"]
