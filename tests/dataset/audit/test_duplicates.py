"""Which pictures are one shot, and which only look alike."""

from collections.abc import Callable, Sequence
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageEnhance, ImageOps
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from maskwise.dataset.audit.duplicates import NearDuplicates, find_near_duplicates
from maskwise.dataset.audit.fingerprint import FINGERPRINT, take_fingerprint
from maskwise.errors import InvalidInput
from maskwise.images import read_image

Change = Callable[[Image.Image], Image.Image]


def draw_texture(seed: int, size_wh: tuple[int, int] = (160, 120)) -> Image.Image:
    """Coloured clouds of four sizes."""
    random = np.random.default_rng(seed)
    total = np.zeros((size_wh[1], size_wh[0], 3))
    for cells in (3, 6, 12, 24):
        clouds = Image.fromarray(random.integers(0, 256, (cells, cells, 3), dtype=np.uint8))
        total += np.asarray(clouds.resize(size_wh, Image.Resampling.BICUBIC)) / 4
    return ImageOps.autocontrast(Image.fromarray(total.astype(np.uint8)))


def draw_portrait(seed: int) -> Image.Image:
    """A head and shoulders on white: all of about the same outline, each with its own face."""
    picture = Image.new("RGB", (120, 160), "white")
    person = ImageOps.autocontrast(to_grey(draw_texture(seed, picture.size)))
    person = person.point(lambda value: 20 + value * 2 // 3)
    outline = Image.new("L", picture.size)
    dx, dy = np.random.default_rng(seed).integers(-9, 10, 2)
    ImageDraw.Draw(outline).ellipse((30 + dx, 20 + dy, 90 - dx, 100), fill=255)
    ImageDraw.Draw(outline).ellipse((5, 95 - dy, 115, 220), fill=255)
    picture.paste(person, mask=outline)
    return picture


def to_jpeg(quality: int) -> Change:
    def change(picture: Image.Image) -> Image.Image:
        file = BytesIO()
        picture.save(file, "JPEG", quality=quality)
        return Image.open(file).convert("RGB")

    return change


def scale(by: float) -> Change:
    return lambda picture: picture.resize((int(picture.width * by), int(picture.height * by)))


def crop(left: float, top: float, right: float, bottom: float) -> Change:
    def change(picture: Image.Image) -> Image.Image:
        w, h = picture.size
        return picture.crop(
            (int(left * w), int(top * h), int((1 - right) * w), int((1 - bottom) * h))
        )

    return change


def brighten(by: float) -> Change:
    return lambda picture: ImageEnhance.Brightness(picture).enhance(by)


def change_contrast(by: float) -> Change:
    return lambda picture: ImageEnhance.Contrast(picture).enhance(by)


def to_grey(picture: Image.Image) -> Image.Image:
    return picture.convert("L").convert("RGB")


def paint_over(picture: Image.Image) -> Image.Image:
    changed = picture.copy()
    w, h = picture.size
    ImageDraw.Draw(changed).ellipse((0.35 * w, 0.5 * h, 0.65 * w, 0.8 * h), fill=(120, 140, 160))
    return changed


def find(pictures: Sequence[Image.Image]) -> NearDuplicates:
    return find_near_duplicates(np.stack([take_fingerprint(np.asarray(each)) for each in pictures]))


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param([to_jpeg(30)], id="jpeg"),
        pytest.param([scale(0.25)], id="a quarter"),
        pytest.param([scale(2)], id="double"),
        pytest.param([lambda picture: picture.resize((100, 100))], id="squeezed"),
        pytest.param([ImageOps.mirror], id="mirrored"),
        pytest.param([brighten(0.75)], id="darker"),
        pytest.param([brighten(1.25)], id="brighter"),
        pytest.param([change_contrast(0.75)], id="less contrast"),
        pytest.param([change_contrast(1.25)], id="more contrast"),
        pytest.param([to_grey], id="grey"),
        pytest.param([crop(0.1, 0.1, 0.1, 0.1)], id="cropped on all sides"),
        pytest.param([crop(0.1, 0, 0, 0)], id="cropped on the left"),
        pytest.param([crop(0.04, 0.1, 0, 0.06)], id="cropped unevenly"),
        pytest.param([crop(0, 0.1, 0.1, 0), ImageOps.mirror], id="cropped and mirrored"),
        pytest.param([crop(0.1, 0, 0, 0.1), scale(0.25)], id="cropped and a quarter"),
        pytest.param([crop(0.1, 0, 0, 0.1), to_jpeg(30)], id="cropped and jpeg"),
        pytest.param([scale(0.25), to_jpeg(30)], id="a quarter and jpeg"),
        pytest.param([to_grey, brighten(1.25)], id="grey and brighter"),
        pytest.param([paint_over], id="painted over"),
    ],
)
def test_a_copy_is_found(changes: Sequence[Change]) -> None:
    pictures = [draw_texture(seed) for seed in range(10)]
    copies = pictures
    for change in changes:
        copies = [change(picture) for picture in copies]
    found = find([*pictures, *copies])
    assert found.groups == tuple((index, index + 10) for index in range(10))
    assert [(pair.first, pair.second) for pair in found.pairs] == list(found.groups)
    assert all(0.9 <= pair.similarity <= 1.0001 for pair in found.pairs)
    assert {pair.is_mirrored for pair in found.pairs} == {ImageOps.mirror in changes}


@pytest.mark.parametrize("draw", [draw_texture, draw_portrait])
def test_different_pictures_stay_apart(draw: Callable[[int], Image.Image]) -> None:
    assert find([draw(seed) for seed in range(150)]) == NearDuplicates((), ())


def test_two_persons_before_one_camera_stay_apart() -> None:
    pictures = []
    for seed in range(20):
        wall = draw_texture(100 + seed // 2, (160, 120))
        wall.paste(draw_texture(seed, (96, 96)), (32, 24))
        pictures.append(wall)
    assert find(pictures).groups == ()


def test_pictures_with_equal_fingerprints_need_no_proof() -> None:
    picture, other = draw_texture(0), draw_texture(1)
    assert find([picture, other, picture, picture]) == NearDuplicates(((0, 2, 3),), ())


def test_equal_pictures_join_the_group_of_their_copy() -> None:
    picture = draw_texture(0)
    assert find([picture, to_grey(picture), draw_texture(1), picture]).groups == ((0, 1, 3),)


def test_many_copies_are_one_group() -> None:
    pictures = [
        to_jpeg(30 + index)(draw_texture(index // 60, (120, 80 + index))) for index in range(60)
    ]
    assert find(pictures).groups == (tuple(range(60)),)


def test_many_copies_of_each_of_two_looks_are_one_group() -> None:
    picture = draw_texture(0)
    looks = [picture, ImageOps.mirror(crop(0.08, 0.02, 0.05, 0.09)(picture))]
    copies = [to_jpeg(60 + index)(look) for look in looks for index in range(12)]
    others = [draw_texture(seed) for seed in range(1, 20)]
    assert find([*copies, *others]).groups == (tuple(range(24)),)


def test_a_chain_is_no_group() -> None:
    long = draw_texture(0, (1000, 120))
    frames = [long.crop((10 * index, 0, 10 * index + 160, 120)) for index in range(60)]
    groups = find(frames).groups
    assert sum(map(len, groups)) >= 45
    assert max(group[-1] - group[0] for group in groups) <= 12


def test_ties_hold_a_chain_together_also_across_groups() -> None:
    whole = draw_texture(0, (640, 640))
    edges = [6 * index for index in range(40)]
    film = [whole.crop((edge, edge, 640 - edge, 640 - edge)) for edge in edges]
    found = find([frame.resize((160, 160)) for frame in film])
    assert len(found.groups) == 2
    pairs = [(pair.first, pair.second) for pair in found.pairs]
    assert found.ties == (*found.groups, *pairs)
    links = coo_array((np.ones(len(pairs)), tuple(zip(*pairs, strict=True))), shape=(40, 40))
    assert connected_components(links, directed=False)[0] == 1


def test_plain_pictures_are_one_only_in_the_same_colour() -> None:
    colours = [(0, 0, 0), (90, 90, 90), (1, 0, 1), (110, 70, 90), (91, 90, 89), (200, 0, 0)]
    pictures = [Image.new("RGB", (50, 40), colour) for colour in colours]
    assert find(pictures).groups == ((0, 2), (1, 4))


def test_plain_pictures_make_no_chain() -> None:
    pictures = [Image.new("RGB", (50, 40), (grey, grey, grey)) for grey in range(256)]
    assert max(group[-1] - group[0] for group in find(pictures).groups) <= 6


def test_the_order_of_the_pictures_does_not_matter() -> None:
    pictures = [draw_texture(seed) for seed in range(30)]
    pictures += [crop(0.05, 0, 0.08, 0.02)(each) for each in pictures[:20]]
    pictures += [to_jpeg(40)(each) for each in pictures[15:25]] + pictures[10:12]
    expected = find(pictures)
    order = np.random.default_rng(0).permutation(len(pictures))
    found = find([pictures[index] for index in order])
    groups = sorted(tuple(sorted(order[list(group)].tolist())) for group in found.groups)
    assert tuple(groups) == expected.groups
    assert find(pictures) == expected


@pytest.mark.parametrize("count", [0, 1])
def test_less_than_two_pictures_hold_no_duplicates(count: int) -> None:
    fingerprints = np.zeros(count, dtype=FINGERPRINT)
    assert find_near_duplicates(fingerprints) == NearDuplicates((), ())


@pytest.mark.parametrize("count", [0, 1, 40])
def test_progress_goes_up_to_the_end(count: int) -> None:
    fingerprints = np.zeros(count, dtype=FINGERPRINT)
    for index in range(count):
        fingerprints[index] = take_fingerprint(np.asarray(draw_texture(index // 2)))
    told: list[tuple[int, int]] = []
    find_near_duplicates(fingerprints, on_progress=lambda done, total: told.append((done, total)))
    done, totals = zip(*told, strict=True)
    assert list(done) == sorted(done)
    assert len(set(totals)) == 1
    assert done[-1] == totals[0]


@pytest.mark.parametrize(
    "fingerprints",
    [
        pytest.param(np.zeros((4, 64, 64), np.uint8), id="thumbnails"),
        pytest.param(np.zeros((2, 2), FINGERPRINT), id="two axes"),
    ],
)
def test_other_arrays_are_refused(fingerprints: NDArray[np.void]) -> None:
    with pytest.raises(InvalidInput, match="`fingerprints` must be an array"):
        find_near_duplicates(fingerprints)


@pytest.mark.real
def test_real_faces_are_told_apart_and_their_copies_found(real_data: Path) -> None:
    paths = sorted((real_data / "faces").glob("*/*.jpg"))[::25]
    pictures = [Image.fromarray(read_image(path)) for path in paths]
    copies = [to_jpeg(50)(crop(0.08, 0.02, 0.03, 0.07)(picture)) for picture in pictures]
    n = len(pictures)
    groups = find([*pictures, *copies]).groups
    right = [group for group in groups if len(group) == 2 and group[1] == group[0] + n]
    assert len(right) >= 0.97 * n
    assert len(groups) - len(right) <= 2


@pytest.mark.real
@pytest.mark.parametrize("pattern", ["exact_duplicate__*", "near_duplicate_across_classes__*"])
def test_known_duplicates_are_found(real_data: Path, pattern: str) -> None:
    pair = sorted((real_data / "dirty").glob(pattern))
    others = sorted((real_data / "faces" / "with_mask").glob("*.jpg"))[:100]
    found = find([Image.fromarray(read_image(path)) for path in [*pair, *others]])
    assert (0, 1) in found.groups
