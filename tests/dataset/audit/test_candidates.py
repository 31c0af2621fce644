"""Which pictures are worth to be laid over each other."""

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from maskwise.dataset.audit.candidates import (
    N_VIEWS,
    VIEW_IS_MIRRORED,
    VIEW_WINDOWS,
    describe,
    find_candidates,
    find_views,
)


def clouds(seed: int, cells: int = 6) -> NDArray[np.uint8]:
    random = np.random.default_rng(seed)
    small = Image.fromarray(random.integers(0, 256, (cells, cells), dtype=np.uint8))
    return np.asarray(small.resize((64, 64), Image.Resampling.BICUBIC))


def test_a_shape_ignores_brightness_and_contrast() -> None:
    picture = clouds(0)
    shapes = describe(np.stack([picture, (20 + picture * 0.5).astype(np.uint8)]))
    assert shapes.shape == (N_VIEWS, 2, 12)
    assert np.allclose(np.linalg.norm(shapes, axis=2), 1, atol=1e-5)
    assert np.abs(shapes[:, 0] - shapes[:, 1]).max() < 0.02


def test_the_view_that_shows_a_mirrored_crop_is_found() -> None:
    picture = Image.fromarray(clouds(0))
    mirrored = picture.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
    view = int(np.flatnonzero(VIEW_IS_MIRRORED)[5])
    top, bottom, left, right = VIEW_WINDOWS[view] * 64
    crop = mirrored.resize((64, 64), Image.Resampling.BICUBIC, box=(left, top, right, bottom))
    shapes = describe(np.stack([np.asarray(crop), np.asarray(picture)]))
    found, is_of_second, distance = find_views(shapes, np.array([[0, 1]]))
    assert (found[0], is_of_second[0]) == (view, True)
    assert distance[0] < 0.05


def test_candidates_are_bounded_among_look_alikes() -> None:
    random = np.random.default_rng(0)
    noise = random.integers(0, 12, (400, 64, 64), dtype=np.uint8)
    pairs = find_candidates(describe(noise + clouds(0) // 2), on_view=lambda done: None)
    assert len(pairs) <= 8 * 400
    assert (pairs[:, 0] < pairs[:, 1]).all()
    assert np.array_equal(pairs, np.unique(pairs, axis=0))


def test_only_neighbours_of_those_asked_are_looked_for_among_those_that_may_be() -> None:
    shapes = describe(np.stack([clouds(0)] * 12 + [clouds(1)] * 3))
    pairs = find_candidates(shapes, among=np.array([0, 5, 9, 12, 14]), of=np.array([5, 12]))
    assert pairs.tolist() == [[0, 5], [5, 9], [12, 14]]


def test_every_view_is_told_of() -> None:
    told: list[int] = []
    find_candidates(describe(np.stack([clouds(0), clouds(1)])), on_view=told.append)
    assert told == list(range(1, N_VIEWS + 1))
