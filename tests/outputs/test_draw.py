import numpy as np
import pytest

from maskwise.labels import LABELS, UNSURE, label_colour_rgb
from maskwise.outputs.draw import contact_sheet, draw, ink_on
from maskwise.results import Faces
from outcomes import nobody

ANSWERS = [UNSURE, *range(len(LABELS))]


def faces(
    label: int, *boxes: tuple[float, float, float, float], reasons: tuple[str, ...] = ()
) -> Faces:
    n = len(boxes)
    return Faces(
        xyxy=np.array(boxes, dtype=np.float32),
        detector_score=np.ones(n, dtype=np.float32),
        probability=np.full((n, 3), [0.1, 0.8, 0.1], dtype=np.float32),
        label=np.full(n, label),
        quality=(reasons,) * n,
    )


def drawn_in(picture: np.ndarray, label: int) -> np.ndarray:
    return np.asarray((picture == label_colour_rgb(label)).all(axis=2))


@pytest.mark.parametrize("size_hw", [(400, 600), (660, 400), (3000, 4000)], ids=str)
@pytest.mark.parametrize("label", ANSWERS)
def test_box_and_caption_are_drawn_in_the_colour_of_the_answer(
    size_hw: tuple[int, int], label: int
) -> None:
    image = np.full((*size_hw, 3), 77, dtype=np.uint8)
    height, width = size_hw
    drawn = draw(image, faces(label, (0, 0, width, height)))
    assert drawn.shape == image.shape
    assert (image == 77).all()
    colour = drawn_in(drawn, label)
    assert colour[-1].all()
    assert colour[height // 2 :, -1].all()
    line = max(2, min(size_hw) // 100)
    written = colour[line : height // 2, line : width - line]
    assert written.sum() > (min(size_hw) / 20) ** 2
    ink = (drawn == ink_on(label_colour_rgb(label))).all(axis=2)
    assert ink[: height // 2].sum() > (min(size_hw) / 60) ** 2


@pytest.mark.parametrize("label", ANSWERS)
def test_words_stand_out_from_every_colour(label: int) -> None:
    def luminance(colour: tuple[int, ...]) -> float:  # as WCAG 2.2 words it
        c = np.array(colour) / 255
        return float(
            np.where(c <= 0.04045, c / 12.92, ((c + 0.055) / 1.055) ** 2.4)
            @ [0.2126, 0.7152, 0.0722]
        )

    colour = label_colour_rgb(label)
    darker, lighter = sorted([luminance(colour), luminance(ink_on(colour))])
    assert (lighter + 0.05) / (darker + 0.05) >= 4.5


@pytest.mark.parametrize(
    "box",
    [
        (0, 0, 30, 40),
        (770, 0, 800, 40),
        (0, 560, 30, 600),
        (770, 560, 800, 600),
        (790, 0, 800, 600),
    ],
    ids=str,
)
def test_captions_at_the_edge_are_as_whole_as_in_the_middle(
    box: tuple[float, float, float, float],
) -> None:
    image = np.full((600, 800, 3), 77, dtype=np.uint8)
    reasons = ("too_small", "too_blurred")
    middle = draw(image, faces(UNSURE, (385, 280, 415, 320), reasons=reasons))
    rows, columns = np.nonzero((middle != 77).any(axis=2))
    caption = middle[rows.min() : 280, 385 : columns.max() + 1]
    assert caption.shape[1] > 150
    assert contains(draw(image, faces(UNSURE, box, reasons=reasons)), caption)


def contains(picture: np.ndarray, patch: np.ndarray) -> bool:
    height, width, _ = patch.shape
    inner = picture[: len(picture) - height + 1, : picture.shape[1] - width + 1]
    corners = np.argwhere((inner == patch[0, 0]).all(axis=2)).tolist()
    return any(np.array_equal(picture[y : y + height, x : x + width], patch) for y, x in corners)


def test_a_reason_is_written() -> None:
    image = np.full((600, 800, 3), 77, dtype=np.uint8)
    box = (300.0, 300.0, 350.0, 360.0)
    plain = drawn_in(draw(image, faces(UNSURE, box)), UNSURE).sum()
    reasoned = drawn_in(draw(image, faces(UNSURE, box, reasons=("too_small",))), UNSURE).sum()
    assert reasoned > 1.3 * plain


def test_no_faces_change_nothing() -> None:
    image = np.full((400, 410, 3), 5, dtype=np.uint8)
    assert np.array_equal(draw(image, nobody()), image)


def test_small_pictures_are_enlarged_together_with_their_boxes() -> None:
    small = np.full((50, 70, 3), 77, dtype=np.uint8)
    large = np.full((400, 560, 3), 77, dtype=np.uint8)
    assert np.array_equal(
        draw(small, faces(1, (10, 10, 30, 40))), draw(large, faces(1, (80, 80, 240, 320)))
    )


def test_extreme_shapes_are_drawn() -> None:
    dot = draw(np.zeros((1, 1, 3), dtype=np.uint8), faces(0, (0, 0, 1, 1)))
    assert dot.shape == (400, 400, 3)
    sliver = np.zeros((2, 3000, 3), dtype=np.uint8)
    assert draw(sliver, nobody()).shape == sliver.shape
    for image in (sliver, sliver.swapaxes(0, 1)):
        height, width, _ = image.shape
        assert draw(image, faces(2, (0, 0, width, height), (0, 0, 0, 0))).shape == image.shape


def test_a_contact_sheet_holds_every_picture_whole() -> None:
    colours = [(200, 0, 0), (0, 200, 0), (0, 0, 200), (200, 200, 0), (0, 200, 200)]
    pictures = [
        np.full((40 + 30 * number, 90, 3), colour, dtype=np.uint8)
        for number, colour in enumerate(colours)
    ]
    sheet = contact_sheet(pictures, columns=3, tile=60, gap=4)
    assert sheet.shape == (2 * 64 + 4, 3 * 64 + 4, 3)
    for picture, colour in zip(pictures, colours, strict=True):
        area = (sheet == colour).all(axis=2).sum()
        height, width, _ = picture.shape
        assert area == pytest.approx(60**2 * min(height, width) / max(height, width), rel=0.05)
