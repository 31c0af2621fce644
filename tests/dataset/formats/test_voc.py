from pathlib import Path

import pytest

from annotations import put_picture, put_text, voc_object, voc_xml
from maskwise.dataset.class_names import class_of
from maskwise.dataset.formats.listing import Listing
from maskwise.dataset.formats.tree import Tree
from maskwise.dataset.formats.voc import find_voc, list_voc
from maskwise.dataset.samples import Candidate, Problem

FACE = voc_object("with_mask", 1, 2, 11, 12)


def listed(root: Path) -> Listing:
    return list_voc(Tree.walk(root), class_of)


def problem(root: Path) -> Problem:
    (found,) = listed(root).problems
    return found


def test_a_face_is_all_that_the_file_says_of_it(tmp_path: Path) -> None:
    put_picture(tmp_path / "images" / "a.png")
    size = "<size><width>48</width><height>40</height><depth>3</depth></size>"
    inside = f"<source><database>kaggle</database></source>{size}"
    more = "<pose>Frontal</pose><truncated>1</truncated><difficult>0</difficult>"
    face = voc_object("mask_weared_incorrect", "1.5", " 2 ", 11, 12, inside=more)
    put_text(tmp_path / "annotations" / "a.xml", voc_xml("a.png", face, inside=inside))
    assert listed(tmp_path).candidates == [
        Candidate(
            "images/a.png",
            2,
            (1.5, 2.0, 11.0, 12.0),
            {"source": "kaggle", "pose": "Frontal", "truncated": "1"},
            (40, 48),
            "annotations/a.xml:4",
        )
    ]


@pytest.mark.parametrize(
    ("xml", "filename", "pictures", "found"),
    [
        pytest.param("a.xml", "a.png", ["a.png", "b/a.png"], "a.png", id="beside"),
        pytest.param("xml/a.xml", "a.png", ["pics/deep/a.png"], "pics/deep/a.png", id="anywhere"),
        pytest.param(
            "xml/a.xml", "other.png", ["pics/a.png"], "pics/a.png", id="by the xml's name"
        ),
        pytest.param("xml/a.xml", "", ["pics/a.png"], "pics/a.png", id="without a name"),
        pytest.param("xml/a.png.xml", "", ["a.png", "a.webp"], "a.png", id="by its whole name"),
        pytest.param(
            *("val/xml/a.xml", "a.png", ["train/pics/a.png", "val/pics/a.png"], "val/pics/a.png"),
            id="of two, the one in the same part",
        ),
        pytest.param(
            *("Annotations/x/a.xml", "a.png", ["JPEGImages/x/a.png", "JPEGImages/a.png"]),
            "JPEGImages/x/a.png",
            id="of two, the one in the same folder",
        ),
    ],
)
def test_the_picture_is_found(
    tmp_path: Path, xml: str, filename: str, pictures: list[str], found: str
) -> None:
    for path in pictures:
        put_picture(tmp_path / path)
    put_text(tmp_path / xml, voc_xml(filename, FACE))
    listing = listed(tmp_path)
    assert [candidate.path for candidate in listing.candidates] == [found]
    assert not listing.problems
    assert listing.unlabelled == sorted({*pictures} - {found})


def test_the_folder_tells_pictures_of_one_name_apart(tmp_path: Path) -> None:
    for folder in ("b", "c"):
        put_picture(tmp_path / folder / "a.png")
    inside = "<folder>c</folder>"
    put_text(tmp_path / "xml" / "a.xml", voc_xml("a.png", FACE, inside=inside))
    assert [face.path for face in listed(tmp_path).candidates] == ["c/a.png"]


@pytest.mark.parametrize("folder", ["/home/b", "C:\\b", "../..", "b"])
def test_a_folder_of_another_machine_does_not_count(tmp_path: Path, folder: str) -> None:
    put_picture(tmp_path / "pics" / "a.png")
    inside = f"<folder>{folder}</folder>"
    put_text(tmp_path / "xml" / "a.xml", voc_xml("a.png", FACE, inside=inside))
    assert [face.path for face in listed(tmp_path).candidates] == ["pics/a.png"]


def test_a_file_that_is_called_like_the_picture_goes_before_a_copy(tmp_path: Path) -> None:
    for name in ("a.png", "b.png"):
        put_picture(tmp_path / name)
    put_text(tmp_path / "a.xml", voc_xml("b.png", voc_object("no mask", 1, 2, 3, 4)))
    put_text(tmp_path / "b.xml", voc_xml("b.png", FACE))
    listing = listed(tmp_path)
    assert [(face.path, face.label) for face in listing.candidates] == [("b.png", 1)]
    assert listing.problems == [
        Problem("a.xml", "'b.png' is annotated in 'b.xml' already: not used")
    ]
    assert listing.unlabelled == ["a.png"]


def test_a_picture_that_may_be_either_of_two_is_a_problem(tmp_path: Path) -> None:
    for folder in ("b", "c"):
        put_picture(tmp_path / folder / "a.png")
    put_text(tmp_path / "xml" / "a.xml", voc_xml("a.png", FACE))
    assert "2 pictures are called 'a.png'" in problem(tmp_path).reason


@pytest.mark.parametrize("name", ["../secret.png", "/etc/secret.png", "C:\\secret.png"])
def test_a_path_that_leads_out_is_not_followed(tmp_path: Path, name: str) -> None:
    put_picture(tmp_path / "secret.png")
    put_text(tmp_path / "data" / "x.xml", voc_xml(name, FACE))
    assert "lies outside of the data folder" in problem(tmp_path / "data").reason
    assert not listed(tmp_path / "data").candidates


def test_a_file_without_objects_says_that_there_is_no_face(tmp_path: Path) -> None:
    put_picture(tmp_path / "a.png")
    inside = "<source><database>kaggle</database></source>"
    put_text(tmp_path / "a.xml", voc_xml("a.png", inside=inside))
    assert listed(tmp_path).faceless == {"a.png": {"source": "kaggle"}}


def test_faces_are_counted_as_they_are_listed(tmp_path: Path) -> None:
    put_picture(tmp_path / "a.png")
    put_text(tmp_path / "a.xml", voc_xml("a.png", voc_object("Maske", 1, 2, 3, 4), FACE))
    assert [face.number for face in listed(tmp_path).candidates] == [2]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_files_of_other_encodings_and_capital_suffixes_are_read(
    tmp_path: Path, encoding: str
) -> None:
    for name in "ab":
        put_picture(tmp_path / f"{name}.png")
        head = f'<?xml version="1.0" encoding="{encoding.removesuffix("-sig")}"?>'
        text = head + voc_xml(f"{name}.png", FACE)
        (tmp_path / f"{name}.XML").write_bytes(text.encode(encoding))
    put_text(tmp_path / "ImageSets" / "Main" / "train.txt", "a\n")
    put_text(tmp_path / "ImageSets" / "Main" / "val.txt", "b\n")
    assert find_voc(Tree.walk(tmp_path)) == ["a.XML"]
    listing = listed(tmp_path)
    assert [face.attributes for face in listing.candidates] == [
        {"side": "train"},
        {"side": "validation"},
    ]
    assert not listing.problems


def test_other_xml_is_none_of_ours(tmp_path: Path) -> None:
    put_text(tmp_path / "a.xml", "<project><annotation/></project>")
    assert not listed(tmp_path).problems


def test_a_size_of_zero_is_unknown(tmp_path: Path) -> None:
    put_picture(tmp_path / "a.png")
    size = "<size><width>0</width><height>0</height></size>"
    put_text(tmp_path / "a.xml", voc_xml("a.png", FACE, inside=size))
    assert listed(tmp_path).candidates[0].annotated_hw is None


@pytest.mark.parametrize(
    ("text", "where", "reason"),
    [
        pytest.param("<annotation>\n<object>", "a.xml:2", "broken XML", id="cut off"),
        pytest.param("", "a.xml:1", "broken XML", id="empty"),
        pytest.param(
            '<!DOCTYPE a [\n<!ENTITY x "xx">]><annotation>&x;</annotation>',
            *("a.xml:1", "document type"),
            id="entities",
        ),
        pytest.param(
            '<!DOCTYPE a SYSTEM "http://localhost/a"><annotation/>',
            *("a.xml:1", "document type"),
            id="external",
        ),
        pytest.param("<annotation>" + "<a>" * 99, "a.xml:1", "nested too deeply", id="deep"),
        pytest.param(
            '<?xml version="1.0" encoding="nonsense"?><annotation/>',
            *("a.xml", "encoding|broken"),
            id="encoding",
        ),
        pytest.param(voc_xml("gone.png", FACE), "a.xml", "no picture 'gone.png'", id="no picture"),
        pytest.param(
            voc_xml("b.png", voc_object("mask", 1, "x", 3, 4)),
            *("a.xml:4", "'x' is not a number"),
            id="no number",
        ),
        pytest.param(
            voc_xml("b.png", voc_object("mask", 1, "nan", 3, 4)),
            *("a.xml:4", "'nan' is not a number"),
            id="not finite",
        ),
        pytest.param(
            voc_xml("b.png", "<object><name>mask</name></object>"),
            *("a.xml:4", "the box is none"),
            id="no box",
        ),
    ],
)
def test_what_is_wrong_is_said_with_file_and_line(
    tmp_path: Path, text: str, where: str, reason: str
) -> None:
    put_picture(tmp_path / "b.png")
    put_text(tmp_path / "a.xml", text)
    found = problem(tmp_path)
    assert found.where.startswith(where)
    assert any(word in found.reason for word in reason.split("|"))


def test_an_unknown_class_is_one_problem_with_the_way_out(tmp_path: Path) -> None:
    put_picture(tmp_path / "a.png")
    faces = (voc_object("Maske", 1, 2, 3, 4), FACE, voc_object("Maske", 5, 6, 7, 8))
    put_text(tmp_path / "a.xml", voc_xml("a.png", *faces))
    listing = listed(tmp_path)
    assert listing.problems == [
        Problem(
            "a.xml:4",
            "2 faces are of the class 'Maske', which is not known: left out. "
            "Say what it stands for, as in --class 'Maske'=with_mask",
        )
    ]
    assert len(listing.candidates) == 1


def test_a_picture_of_nothing_but_unknown_classes_is_unlabelled(tmp_path: Path) -> None:
    put_picture(tmp_path / "a.png")
    put_text(tmp_path / "a.xml", voc_xml("a.png", voc_object("Maske", 1, 2, 3, 4)))
    assert listed(tmp_path).unlabelled == ["a.png"]
    assert not listed(tmp_path).faceless


def test_a_picture_is_annotated_once(tmp_path: Path) -> None:
    put_picture(tmp_path / "a.png")
    for name in ("a.xml", "b.xml"):
        put_text(tmp_path / name, voc_xml("a.png", FACE))
    assert len(listed(tmp_path).candidates) == 1
    assert problem(tmp_path) == Problem(
        "b.xml", "'a.png' is annotated in 'a.xml' already: not used"
    )


@pytest.mark.parametrize("folder", ["ImageSets/Main", "splits"])
@pytest.mark.parametrize("suffix", ["", ".png"])
def test_lists_of_names_are_sides(tmp_path: Path, folder: str, suffix: str) -> None:
    for name in "abcd":
        put_picture(tmp_path / "images" / f"{name}.png")
        put_text(tmp_path / "xml" / f"{name}.xml", voc_xml(f"{name}.png", FACE))
    put_text(tmp_path / folder / "train.txt", f"a{suffix}\nb{suffix}\n")
    put_text(tmp_path / folder / "val.txt", f"c{suffix}\r\nb{suffix}\r\nzebra\r\n")
    listing = listed(tmp_path)
    assert [face.attributes.get("side") for face in listing.candidates] == [
        *("train", None, "validation"),
        None,
    ]
    assert [problem.reason.partition(":")[0] for problem in listing.problems] == [
        "1 pictures are on two sides of the split, among them 'images/b.png'",
        "1 names are of no annotated picture, the first is 'zebra'",
    ]


def test_a_link_that_leads_out_is_a_problem(tmp_path: Path) -> None:
    secret = put_text(tmp_path / "secret.xml", voc_xml("a.png", FACE))
    root = put_picture(tmp_path / "data" / "a.png").parent
    (root / "a.xml").symlink_to(secret)
    assert problem(root).reason == "a link that leads out of the data folder is not followed"
    assert not listed(root).candidates


def test_a_file_of_countless_elements_is_not_read_on(tmp_path: Path) -> None:
    put_text(tmp_path / "a.xml", f"<annotation>{'<a/>' * 300_000}</annotation>")
    assert "too many elements" in problem(tmp_path).reason


def test_an_enormous_file_is_not_read(tmp_path: Path) -> None:
    with (tmp_path / "a.xml").open("wb") as file:
        file.truncate(2**30)
    assert "larger than 16384 KiB" in problem(tmp_path).reason
