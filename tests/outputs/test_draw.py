import numpy as np
import pytest

from maskwise.labels import label_colour_rgb
from maskwise.outputs.draw import contact_sheet, draw
from maskwise.results import Faces


def faces(label: int, size_hw: tuple[int, int]) -> Faces:
    height, width = size_hw
    return Faces(
        xyxy=np.array([[0, 0, width, height]], dtype=np.float32),
        detector_score=np.ones(1, dtype=np.float32),
        probability=np.array([[0.2, 0.8]], dtype=np.float32),
        label=np.array([label]),
    )


@pytest.mark.parametrize("size_hw", [(200, 300), (330, 200), (3000, 4000)], ids=str)
@pytest.mark.parametrize("label", [-1, 0, 1])
def test_box_and_caption_are_drawn_in_the_colour_of_the_answer(
    size_hw: tuple[int, int], label: int
) -> None:
    image = np.full((*size_hw, 3), 77, dtype=np.uint8)
    drawn = draw(image, faces(label, size_hw))
    assert drawn.shape == image.shape
    assert (image == 77).all()
    colour = np.array(label_colour_rgb(label))
    assert (drawn[-1] == colour).all()
    assert (drawn[size_hw[0] // 2 :, -1] == colour).all()
    written = (drawn == colour).all(axis=2).sum()
    assert written > 2 * sum(size_hw) * max(2, min(size_hw) // 100) * 0.9
    assert (drawn == 255).all(axis=2).any()


NOBODY = Faces.found(xyxy=np.zeros((0, 4), np.float32), detector_score=np.zeros(0, np.float32))


def test_no_faces_change_nothing() -> None:
    image = np.full((200, 210, 3), 5, dtype=np.uint8)
    assert np.array_equal(draw(image, NOBODY), image)


def test_small_pictures_are_enlarged_together_with_their_boxes() -> None:
    small = np.full((50, 70, 3), 77, dtype=np.uint8)
    large = np.full((200, 280, 3), 77, dtype=np.uint8)
    assert np.array_equal(draw(small, faces(1, (50, 70))), draw(large, faces(1, (200, 280))))


def test_extreme_shapes_are_drawn() -> None:
    assert draw(np.zeros((1, 1, 3), dtype=np.uint8), faces(0, (1, 1))).shape == (200, 200, 3)
    assert draw(np.zeros((2, 3000, 3), dtype=np.uint8), NOBODY).shape == (2, 3000, 3)


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
