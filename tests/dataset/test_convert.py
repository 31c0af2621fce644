import hashlib
import itertools
import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from annotations import put_picture, put_text
from limits import file_size_limit
from maskwise.dataset.convert import convert
from maskwise.dataset.dataset import Dataset
from maskwise.dataset.formats.listing import Listing
from maskwise.dataset.formats.recognition import list_data_set
from maskwise.dataset.samples import Sample
from maskwise.errors import BadDataset, InvalidInput, OutputFailed
from maskwise.preprocess import PreprocessSpec

WITH_BOXES = ("voc", "coco", "yolo", "csv")
FORMATS = (*WITH_BOXES, "folders")
WIDTH, HEIGHT = 48, 40


def open_clean(folder: Path) -> Dataset:
    """Open a data set as somebody who does not know its format, and who wants no problems."""
    data = Dataset.open(folder)
    assert not data.problems
    assert not data.unreadable
    assert not data.unlabelled
    return data


def paths_of(data: Dataset) -> set[str]:
    return {*data.faceless, *(sample.path for sample in data.samples)}


def require_same(found: Dataset, expected: Dataset, *, tolerance: float = 0.0) -> None:
    """That two data sets say the same of the same pictures, wherever these lie."""
    assert by_faceless_picture(found) == by_faceless_picture(expected)
    pairs = list(zip(by_picture(found), by_picture(expected), strict=True))
    for ours, theirs in pairs:
        assert replace(ours, path="", box_xyxy=None) == replace(theirs, path="", box_xyxy=None)
        assert (ours.box_xyxy is None) == (theirs.box_xyxy is None)
        assert (ours.box_xyxy or ()) == pytest.approx(theirs.box_xyxy or (), rel=0, abs=tolerance)


def by_picture(data: Dataset) -> list[Sample]:
    return sorted(data.samples, key=lambda sample: sample.sha256)  # faces keep their order


def by_faceless_picture(data: Dataset) -> Mapping[bytes, Mapping[str, str]]:
    return {
        (data.root / path).read_bytes(): data.faceless_attributes.get(path, {})
        for path in data.faceless
    }


# Any character that a file may be called by; of each name, only the first 20.
names = st.text(
    st.characters(exclude_characters="/\0", exclude_categories=["Cs"]), min_size=1, max_size=20
).filter(lambda name: name.strip(".") and not name.startswith("._"))
texts = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1)
attribute_names = st.one_of(
    st.sampled_from(["source", "scene", "file", "label", "face", "Width", "attribute:x", "x"]),
    texts.filter(lambda name: name == name.strip()),
)
numbers = st.floats(0, 1, width=32)


@st.composite
def boxes(draw: st.DrawFn) -> tuple[float, float, float, float]:
    left, right = sorted(draw(st.tuples(numbers, numbers).filter(lambda x: abs(x[0] - x[1]) > 0.1)))
    top, bottom = sorted(draw(st.tuples(numbers, numbers).filter(lambda y: abs(y[0] - y[1]) > 0.1)))
    if draw(st.booleans()):
        left, top, right, bottom = (round(edge, 1) for edge in (left, top, right, bottom))
    return left * WIDTH, top * HEIGHT, right * WIDTH, bottom * HEIGHT


Faces = list[tuple[int, tuple[float, float, float, float] | None, Mapping[str, str]]]


@dataclass(frozen=True)
class Description:
    """What is to be said of each picture of a data set, by path; attributes, if it has no face."""

    faces: Mapping[str, Faces]
    attributes: Mapping[str, Mapping[str, str]] = field(default_factory=dict)


@st.composite
def descriptions(draw: st.DrawFn, *, boxed: bool) -> Description:
    sided = draw(st.booleans())
    box = st.one_of(st.none(), boxes()) if boxed else st.none()
    said = st.dictionaries(attribute_names, texts, max_size=3)
    face = st.tuples(st.integers(0, 2), box, said)
    faces = st.lists(
        face,
        max_size=3 if boxed else 1,
        unique_by=lambda face: face[1] and tuple(round(edge, 3) for edge in face[1]),
    )
    listable = names.filter(lambda name: name.isprintable() and name.strip())
    stems = draw(
        st.lists(listable if sided else names, min_size=1, max_size=4, unique_by=str.casefold)
    )
    described: dict[str, Faces] = {}
    attributes_of: dict[str, Mapping[str, str]] = {}
    for stem in stems:
        folder = draw(st.sampled_from(["", "images/", "a/", "with_mask/", "a/no_face/", "labels/"]))
        side = draw(st.sampled_from(["train", "validation", "test"]))
        path = f"{folder}{stem}.png"
        described[path] = [
            (label, box, attributes | {"side": side} if sided else attributes)
            for label, box, attributes in draw(faces)
        ]
        if not described[path]:
            attributes_of[path] = draw(said) | ({"side": side} if sided else {})
    if not any(described.values()):
        described["one more.png"] = [(1, None, {"side": "train"} if sided else {})]
    return Description(described, attributes_of)


def make(root: Path, described: Description) -> Dataset:
    """Draw the pictures, and describe them."""
    samples, faceless = [], []
    for seed, (path, faces) in enumerate(sorted(described.faces.items())):
        content = put_picture(root / path, seed=seed, size_hw=(HEIGHT, WIDTH)).read_bytes()
        digest = hashlib.sha256(content).hexdigest()
        if not faces:
            faceless.append(path)
        samples += [
            Sample(path, label, len(content), digest, (HEIGHT, WIDTH), box, attributes)
            for label, box, attributes in faces
        ]
    return Dataset(
        *(root, tuple(samples)),
        faceless=tuple(faceless),
        faceless_attributes=described.attributes,
    )


PAIRS = list(itertools.permutations(WITH_BOXES, 2))


@pytest.mark.parametrize(("there", "back"), PAIRS, ids=map("-".join, PAIRS))
@settings(max_examples=6, deadline=None)
@given(descriptions(boxed=True))
def test_nothing_is_lost_there_and_back(there: str, back: str, described: Description) -> None:
    with TemporaryDirectory() as folder:
        data = make(Path(folder, "made"), described)
        first = open_clean(convert(data, Path(folder, "first"), format=there))
        second = open_clean(convert(first, Path(folder, "second"), format=back))
        third = open_clean(convert(second, Path(folder, "third"), format=there))
        assert paths_of(third) == paths_of(first)
        exact = 0.0 if "yolo" not in (there, back) else 1e-6
        require_same(first, data, tolerance=1e-6 if there == "yolo" else 0.0)
        require_same(second, data, tolerance=exact)
        require_same(third, data, tolerance=exact)


@pytest.mark.parametrize("there", WITH_BOXES)
@settings(max_examples=6, deadline=None)
@given(descriptions(boxed=False))
def test_class_folders_lose_nothing_either(there: str, described: Description) -> None:
    with TemporaryDirectory() as folder:
        data = make(Path(folder, "made"), described)
        first = open_clean(convert(data, Path(folder, "first"), format="folders"))
        second = open_clean(convert(first, Path(folder, "second"), format=there))
        third = open_clean(convert(second, Path(folder, "third"), format="folders"))
        assert paths_of(third) == paths_of(first)
        for converted in (first, second, third):
            require_same(converted, data)


@pytest.fixture
def scenes(tmp_path: Path) -> Dataset:
    """Two pictures with faces, one without, one that fills its picture."""
    described: dict[str, Faces] = {
        "a/one.png": [
            (1, (4.0, 5.0, 14.5, 25.0), {"source": "s"}),
            (0, (20.0, 0.0, 48.0, 9.0), {}),
        ],
        "b/one.png": [(2, None, {"note": "=1+1"})],
        "none.png": [],
    }
    return make(tmp_path / "data", Description(described))


@pytest.mark.parametrize(
    ("format", "files"),
    [
        ("voc", ["Annotations/a/one.xml", "Annotations/b/one.xml", "Annotations/none.xml"]),
        ("coco", ["annotations.json"]),
        ("yolo", ["data.yaml", "labels/a/one.txt", "labels/b/one.txt", "labels/none.txt"]),
        ("csv", ["annotations.csv"]),
    ],
)
def test_pictures_and_annotations_lie_where_custom_has_them(
    scenes: Dataset, tmp_path: Path, format: str, files: list[str]
) -> None:
    out = convert(scenes, tmp_path / "out", format=format)
    folder = "JPEGImages" if format == "voc" else "images"
    pictures = [f"{folder}/{name}" for name in ("a/one.png", "b/one.png", "none.png")]
    manifest = [] if format == "csv" else ["manifest.csv"]
    assert sorted(
        str(path.relative_to(out)) for path in out.rglob("*") if path.is_file()
    ) == sorted([*files, *pictures, *manifest])


def test_a_table_is_what_people_would_write(scenes: Dataset, tmp_path: Path) -> None:
    out = convert(scenes, tmp_path / "out", format="csv")
    assert (out / "annotations.csv").read_text().splitlines() == [
        "file,label,xmin,ymin,xmax,ymax,width,height,note,source",
        "images/none.png,,,,,,48,40,,",
        "images/a/one.png,with_mask,4,5,14.5,25,48,40,,s",
        "images/a/one.png,without_mask,20,0,48,9,48,40,,",
        "images/b/one.png,incorrect,,,,,48,40,=1+1,",
    ]


def test_coco_is_what_others_read(scenes: Dataset, tmp_path: Path) -> None:
    text = (convert(scenes, tmp_path / "out", format="coco") / "annotations.json").read_text()
    written = json.loads(text)
    assert written["images"][1] == {
        **{"id": 2, "file_name": "images/a/one.png"},
        **{"width": 48, "height": 40},
    }
    assert written["annotations"][0] == {
        **{"id": 1, "image_id": 2, "category_id": 2, "bbox": [4, 5, 10.5, 20]},
        **{"area": 210.0, "iscrowd": 0},
    }


def test_yolo_counts_in_shares_of_the_picture(scenes: Dataset, tmp_path: Path) -> None:
    out = convert(scenes, tmp_path / "out", format="yolo")
    lines = (out / "labels" / "b" / "one.txt").read_text().splitlines()
    assert lines == ["2 0.5 0.5 1 1"]
    label, *shares = (out / "labels" / "a" / "one.txt").read_text().splitlines()[0].split()
    assert label == "1"
    assert [float(share) for share in shares] == pytest.approx(
        [9.25 / 48, 15 / 40, 10.5 / 48, 20 / 40]
    )


@pytest.mark.parametrize(
    ("format", "files"),
    [
        ("voc", ["ImageSets/Main/train.txt", "ImageSets/Main/val.txt"]),
        ("coco", ["annotations_train.json", "annotations_val.json"]),
        ("yolo", ["train.txt", "val.txt"]),
    ],
)
def test_sides_become_files_of_their_own(tmp_path: Path, format: str, files: list[str]) -> None:
    described: dict[str, Faces] = {
        "a.png": [(1, None, {"side": "train"})],
        "b.png": [(1, None, {"side": "validation"})],
        "wall.png": [],
    }
    attributes = {"wall.png": {"side": "validation"}}
    data = make(tmp_path / "data", Description(described, attributes))
    out = convert(data, tmp_path / "out", format=format)
    assert all((out / file).is_file() for file in files)
    (out / "manifest.csv").unlink()
    found = Dataset.open(out)
    assert [face.attributes["side"] for face in found.samples] == ["train", "validation"]
    assert list(found.faceless_attributes.values()) == [{"side": "validation"}]


def test_boxes_do_not_go_into_class_folders(scenes: Dataset, tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match=r"cannot hold boxes, and 2 faces have one\. .*`crops`"):
        convert(scenes, tmp_path / "out", format="folders")
    assert not (tmp_path / "out").exists()


def test_crops_are_cut_by_the_one_rule_and_say_where_from(scenes: Dataset, tmp_path: Path) -> None:
    data = open_clean(convert(scenes, tmp_path / "out", format="folders", crops=True))
    assert [(face.path, face.label, dict(face.attributes)) for face in data.samples] == [
        (
            "a/with_mask/one.png-1.png",
            1,
            {"source": "s", "scene": "a/one.png", "box": "4 5 14.5 25"},
        ),
        ("a/without_mask/one.png-2.png", 0, {"scene": "a/one.png", "box": "20 0 48 9"}),
        ("b/incorrect/one.png", 2, {"note": "=1+1"}),
    ]
    assert data.faceless == ("no_face/none.png",)
    for crop, face in zip(data.samples[:2], scenes.samples[:2], strict=True):
        expected = PreprocessSpec().crop(scenes.read(face), face.box_xyxy)
        assert np.array_equal(data.read(crop), expected)


def test_pictures_that_lie_in_the_folder_of_their_class_stay_there(
    pictures: Path, tmp_path: Path
) -> None:
    data = Dataset.open(pictures)
    assert paths_of(Dataset.open(convert(data, tmp_path / "out", format="folders"))) == paths_of(
        data
    )


def test_yolo_cannot_hold_names_that_differ_in_their_suffix_only(tmp_path: Path) -> None:
    put_picture(tmp_path / "data" / "with_mask" / "a.png")
    put_picture(tmp_path / "data" / "with_mask" / "a.webp", seed=1)
    data = Dataset.open(tmp_path / "data")
    for format in ("voc", "coco", "csv"):
        require_same(open_clean(convert(data, tmp_path / format, format=format)), data)
    with pytest.raises(InvalidInput, match=r"images/with_mask/a\.png and images/with_mask/a\.webp"):
        convert(data, tmp_path / "yolo", format="yolo")


def test_a_picture_that_changed_stops_it_and_leaves_nothing(
    scenes: Dataset, tmp_path: Path
) -> None:
    put_picture(scenes.root / "b" / "one.png", seed=99)
    with pytest.raises(BadDataset, match=r"b/one\.png has changed"):
        convert(scenes, tmp_path / "out", format="csv")
    assert [path.name for path in tmp_path.iterdir()] == ["data"]


def test_a_full_disk_stops_it_and_leaves_nothing(scenes: Dataset, tmp_path: Path) -> None:
    with file_size_limit(2000), pytest.raises(OutputFailed):
        convert(scenes, tmp_path / "out", format="csv")
    assert [path.name for path in tmp_path.iterdir()] == ["data"]


def test_wrong_arguments_are_refused(scenes: Dataset, tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="`format` must be one of folders, voc"):
        convert(scenes, tmp_path / "out", format="kitti")
    with pytest.raises(InvalidInput, match="`out` must be new or empty"):
        convert(scenes, scenes.root, format="csv")
    with pytest.raises(InvalidInput, match="`out` must not lie in the data folder"):
        convert(scenes, scenes.root / "a" / ".." / "new", format="csv")


@pytest.mark.parametrize("out", [".", ""])
def test_the_current_folder_is_not_replaced(
    scenes: Dataset, tmp_path: Path, out: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    with pytest.raises(OutputFailed, match="in use"):
        convert(scenes, out, format="csv")


def test_a_data_set_of_which_nothing_can_be_used_is_not_written(tmp_path: Path) -> None:
    put_text(tmp_path / "data" / "with_mask" / "a.png", "no picture")
    with pytest.raises(BadDataset, match="must be a picture to convert"):
        convert(Dataset.open(tmp_path / "data"), tmp_path / "out", format="csv")


@pytest.mark.parametrize("format", FORMATS)
def test_what_could_not_be_read_back_is_not_written(tmp_path: Path, format: str) -> None:
    described: dict[str, Faces] = {"a.png": [(1, None, {"note": "x" * 131_073})]}
    data = make(tmp_path / "data", Description(described))
    with pytest.raises(InvalidInput, match=r"at most 131072 characters\. Received 131073 beside "):
        convert(data, tmp_path / "out", format=format)
    assert not (tmp_path / "out").exists()
    fits = replace(data, samples=(replace(data.samples[0], attributes={"note": "x" * 131_072}),))
    require_same(open_clean(convert(fits, tmp_path / "out", format=format)), fits)


def test_more_pictures_of_one_name_than_are_searched_keep_their_annotations(
    tmp_path: Path,
) -> None:
    first = put_picture(tmp_path / "data" / "with_mask" / "0" / "face.png", size_hw=(8, 8))
    for number in range(1, 1002):
        copy = tmp_path / "data" / "with_mask" / str(number) / "face.png"
        copy.parent.mkdir()
        copy.hardlink_to(first)
    out = convert(Dataset.open(tmp_path / "data"), tmp_path / "out", format="voc")
    assert len(open_clean(out).samples) == 1002


def test_progress_counts_every_picture(scenes: Dataset, tmp_path: Path) -> None:
    seen: list[tuple[int, int]] = []
    convert(scenes, tmp_path / "out", format="voc", on_progress=lambda *now: seen.append(now))
    assert seen == [(1, 3), (2, 3), (3, 3)]


@pytest.mark.parametrize("format", ["voc", "yolo"])
def test_lists_of_sides_cannot_hold_names_with_line_breaks(tmp_path: Path, format: str) -> None:
    described: dict[str, Faces] = {
        "a\nb.png": [(1, None, {"side": "train"})],
        "c.png": [(1, None, {"side": "test"})],
    }
    data = make(tmp_path / "data", Description(described))
    with pytest.raises(InvalidInput, match=r"a line each.*choose coco or csv"):
        convert(data, tmp_path / "out", format=format)
    require_same(open_clean(convert(data, tmp_path / "coco", format="coco")), data)


@pytest.mark.real
def test_real_scenes_say_the_same_in_every_format(real_data: Path, tmp_path: Path) -> None:
    scenes = real_data / "scenes"
    with pytest.raises(BadDataset, match=r"several formats: voc .*, coco"):
        list_data_set(scenes)
    data = Dataset.open(scenes, format="coco", strict=True)
    assert len(data.samples) == 5800
    _, voc = list_data_set(scenes, format="voc")
    require_same_faces(voc, data, tolerance=0.501)  # boxes were rounded for Pascal VOC
    _, yolo = list_data_set(convert(data, tmp_path / "yolo", format="yolo"))
    require_same_faces(yolo, data, tolerance=1e-6)
    again = Dataset.open(tmp_path / "yolo")
    _, coco = list_data_set(convert(again, tmp_path / "coco", format="coco"))
    require_same_faces(coco, data, tolerance=1e-6)


def require_same_faces(found: Listing, data: Dataset, tolerance: float) -> None:
    assert not found.problems
    assert not found.unlabelled
    pairs = zip(
        sorted((face.path, face.label, face.box_xyxy or ()) for face in found.candidates),
        sorted((face.path, face.label, face.box_xyxy or ()) for face in data.samples),
        strict=True,
    )
    for ours, theirs in pairs:
        assert ours[:2] == theirs[:2]
        assert ours[2] == pytest.approx(theirs[2], rel=0, abs=tolerance)


@pytest.mark.real
def test_real_faces_have_their_sources(real_data: Path) -> None:
    _, listing = list_data_set(real_data / "faces")
    assert not listing.problems
    assert len(listing.candidates) == 9895
    sources = {face.attributes["source"] for face in listing.candidates}
    assert len(sources) == 9
