from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from maskwise.dataset.drawn import draw_face
from maskwise.errors import InvalidInput
from maskwise.evaluation.corruptions import CORRUPTIONS, STRENGTHS, corrupt
from maskwise.images import read_image
from maskwise.labels import WITH_MASK

KEEPING_SHAPE = [name for name in CORRUPTIONS if name != "partial_crop"]
LEFT_TO_CHANCE = ["motion_blur", "noise", "low_light", "rotation", "partial_crop"]
every_corruption = pytest.mark.parametrize("name", CORRUPTIONS)


@pytest.fixture(scope="module")
def face_rgb() -> NDArray[np.uint8]:
    face = Image.fromarray(draw_face(WITH_MASK, seed=7, index=0))
    return np.asarray(face.resize((120, 144), Image.Resampling.BICUBIC))


def damage(before: NDArray[np.uint8], after: NDArray[np.uint8]) -> float:
    return float(np.abs(before.astype(float) - after).mean())


def test_there_are_eight_corruptions() -> None:
    assert list(CORRUPTIONS) == [
        "jpeg",
        "gaussian_blur",
        "motion_blur",
        "noise",
        "low_light",
        "down_scaling",
        "rotation",
        "partial_crop",
    ]


@pytest.mark.parametrize("name", KEEPING_SHAPE)
@pytest.mark.parametrize("seed", range(3))
def test_each_strength_damages_more_than_the_one_before(
    name: str, seed: int, face_rgb: NDArray[np.uint8]
) -> None:
    damages = [damage(face_rgb, corrupt(face_rgb, name, strength, seed)) for strength in STRENGTHS]
    assert damages[0] > 0
    assert damages == sorted(damages)
    assert damages[-1] > 1.5 * damages[0]


@every_corruption
@pytest.mark.parametrize(
    "size_hw",
    [(8, 8), (1, 1), (2, 90), (600, 37)],
    ids=["tiny", "a pixel", "a line", "a slit"],
)
def test_pictures_of_any_size(name: str, size_hw: tuple[int, int]) -> None:
    image = np.random.default_rng(0).integers(0, 256, (*size_hw, 3), dtype=np.uint8)
    for strength in STRENGTHS:
        for seed in range(4):
            corrupted = corrupt(image, name, strength, seed)
            assert corrupted.dtype == np.uint8
            assert corrupted.size
            assert name == "partial_crop" or corrupted.shape == image.shape


@every_corruption
def test_same_seed_same_picture(name: str, face_rgb: NDArray[np.uint8]) -> None:
    given = face_rgb.copy()
    once = corrupt(given, name, 3, seed=5)
    assert np.array_equal(given, face_rgb)
    assert not np.shares_memory(once, given)
    assert np.array_equal(once, corrupt(given, name, 3, seed=5))
    assert np.array_equal(corrupt(given, name, 3), corrupt(given, name, 3, seed=0))


@every_corruption
def test_other_seed_other_picture_where_chance_has_a_say(
    name: str, face_rgb: NDArray[np.uint8]
) -> None:
    outcomes = {corrupt(face_rgb, name, 3, seed=(1, i)).tobytes() for i in range(8)}
    assert (len(outcomes) > 1) == (name in LEFT_TO_CHANCE)


@pytest.mark.parametrize("name", ["jpeg", "gaussian_blur", "motion_blur", "down_scaling"])
def test_what_is_grey_stays_grey(name: str, face_rgb: NDArray[np.uint8]) -> None:
    grey = np.repeat(face_rgb.mean(axis=2, keepdims=True).astype(np.uint8), 3, axis=2)
    corrupted = corrupt(grey, name, 5).astype(int)
    assert np.ptp(corrupted, axis=2).max() <= 1


@pytest.mark.parametrize("name", ["gaussian_blur", "motion_blur", "down_scaling", "rotation"])
@pytest.mark.parametrize("strength", STRENGTHS)
def test_one_colour_is_left_alone_up_to_the_border(name: str, strength: int) -> None:
    plain = np.full((70, 90, 3), (10, 200, 77), dtype=np.uint8)
    assert np.array_equal(corrupt(plain, name, strength, seed=2), plain)


@pytest.mark.parametrize("name", ["gaussian_blur", "motion_blur", "noise", "low_light"])
@pytest.mark.parametrize("strength", [1, 3, 5])
def test_small_and_large_pictures_suffer_alike(
    name: str, strength: int, face_rgb: NDArray[np.uint8]
) -> None:
    large = np.asarray(Image.fromarray(face_rgb).resize((480, 576), Image.Resampling.BICUBIC))
    corrupted = Image.fromarray(corrupt(large, name, strength, seed=3))
    as_seen = np.asarray(corrupted.resize((120, 144), Image.Resampling.BICUBIC))
    ratio = damage(face_rgb, as_seen) / damage(face_rgb, corrupt(face_rgb, name, strength, seed=3))
    assert 0.7 < ratio < 1.3


def test_jpeg_is_that_of_pillow(face_rgb: NDArray[np.uint8], tmp_path: Path) -> None:
    for strength, quality in zip(STRENGTHS, (50, 35, 25, 15, 10), strict=True):
        Image.fromarray(face_rgb).save(tmp_path / "face.jpg", quality=quality)
        with Image.open(tmp_path / "face.jpg") as expected:
            assert np.array_equal(corrupt(face_rgb, "jpeg", strength), np.asarray(expected))


def test_gaussian_blur_spreads_a_dot_as_far_as_promised() -> None:
    dot = np.zeros((201, 201, 3), dtype=np.uint8)
    dot[90:111, 90:111] = 255  # a square, as a dot would round to nothing; its variance is known
    column = corrupt(dot, "gaussian_blur", 5)[..., 0].astype(float).sum(axis=1)
    place = np.arange(201) - 100
    variance = (column * place**2).sum() / column.sum() - (21**2 - 1) / 12
    assert np.sqrt(variance) == pytest.approx(0.03 * 201, rel=0.05)


@pytest.mark.parametrize(("strength", "length"), [(1, 6), (5, 32)])
def test_motion_draws_a_dot_out_to_a_line(strength: int, length: int) -> None:
    dot = np.zeros((200, 200, 3), dtype=np.uint8)
    dot[98:102, 98:102] = 255
    for seed in range(5):
        rows, columns = np.nonzero(corrupt(dot, "motion_blur", strength, seed)[..., 0])
        assert np.hypot(np.ptp(rows), np.ptp(columns)) == pytest.approx(length + 4, abs=3)
        assert np.mean(rows) == pytest.approx(99.5, abs=0.6)  # drawn out to both sides
        assert np.mean(columns) == pytest.approx(99.5, abs=0.6)


def test_noise_is_as_strong_as_promised() -> None:
    grey = np.full((128, 128, 3), 128, dtype=np.uint8)
    noisy = corrupt(grey, "noise", 2) / 255
    assert noisy.std() == pytest.approx(0.08, rel=0.03)
    assert noisy.mean() == pytest.approx(128 / 255, abs=0.005)


@pytest.mark.parametrize(("strength", "left"), [(1, 1 / 2), (3, 1 / 8), (5, 1 / 32)])
def test_low_light_halves_the_light_with_each_stop(strength: int, left: float) -> None:
    white = np.full((128, 128, 3), 255, dtype=np.uint8)
    light = (corrupt(white, "low_light", strength) / 255) ** 2.2
    assert light.mean() == pytest.approx(left, rel=0.02)
    black = np.zeros_like(white)
    assert not corrupt(black, "low_light", strength).any()


def test_shot_noise_grows_as_light_fades() -> None:
    white = np.full((128, 128, 3), 255, dtype=np.uint8)
    light = [(corrupt(white, "low_light", strength) / 255) ** 2.2 for strength in STRENGTHS]
    relative = [each.std() / each.mean() for each in light]
    assert relative == sorted(relative)


@pytest.mark.parametrize(
    ("strength", "size_px"), list(zip(STRENGTHS, (64, 48, 32, 24, 16), strict=True))
)
def test_down_scaling_leaves_only_so_many_pixels(
    strength: int, size_px: int, noise_rgb: NDArray[np.uint8]
) -> None:
    large = np.tile(noise_rgb, (4, 3, 1))  # 120x150
    scaled = corrupt(large, "down_scaling", strength)
    finest = np.abs(np.fft.rfft2(scaled.mean(axis=2) - scaled.mean()))
    beyond = (
        np.hypot(np.fft.fftfreq(120)[:, None] * 2, np.fft.rfftfreq(150)[None] * 2)
        > 2 * size_px / 150
    )
    assert (finest[beyond] ** 2).sum() < 0.05 * (finest**2).sum()


def test_down_scaling_leaves_smaller_pictures_alone(noise_rgb: NDArray[np.uint8]) -> None:
    assert max(noise_rgb.shape) == 50
    assert np.array_equal(corrupt(noise_rgb, "down_scaling", 1), noise_rgb)
    assert not np.array_equal(corrupt(noise_rgb, "down_scaling", 2), noise_rgb)


def test_rotation_turns_either_way_by_so_many_degrees() -> None:
    bar = np.zeros((101, 101, 3), dtype=np.uint8)
    bar[49:52, 10:91] = 255
    angles = []
    for seed in range(10):
        rows, columns = np.nonzero(corrupt(bar, "rotation", 3, seed)[..., 0] > 127)
        angles.append(np.degrees(np.arctan(np.polyfit(columns, rows, 1)[0])))
    assert np.abs(angles) == pytest.approx(np.full(10, 18), abs=0.5)
    assert min(angles) < 0 < max(angles)


def test_partial_crop_cuts_one_side_off() -> None:
    image = np.arange(100 * 50, dtype=np.int64).reshape(100, 50, 1) // 20
    image_rgb = np.repeat(image, 3, axis=2).astype(np.uint8)
    places = {
        "top": (slice(40, None), slice(None)),
        "bottom": (slice(None, 60), slice(None)),
        "left": (slice(None), slice(20, None)),
        "right": (slice(None), slice(None, 30)),
    }
    seen: set[str] = set()
    for seed in range(30):
        cut = corrupt(image_rgb, "partial_crop", 5, seed)
        seen.update(side for side, at in places.items() if np.array_equal(cut, image_rgb[at]))
    assert seen == set(places)


@pytest.mark.parametrize("strength", [0, 6, -1, 2.5])
def test_a_strength_is_one_to_five(strength: int, noise_rgb: NDArray[np.uint8]) -> None:
    with pytest.raises(InvalidInput, match=r"`strength` must be 1 to 5. Received: "):
        corrupt(noise_rgb, "jpeg", strength)


def test_an_unknown_corruption_names_the_known(noise_rgb: NDArray[np.uint8]) -> None:
    with pytest.raises(InvalidInput, match=r"jpeg, gaussian_blur, .*Received: 'snow'"):
        corrupt(noise_rgb, "snow", 1)


@pytest.mark.parametrize(
    "image",
    [
        pytest.param(np.zeros((9, 9, 3)), id="float"),
        pytest.param(np.zeros((9, 9), dtype=np.uint8), id="one channel"),
        pytest.param(np.zeros((9, 9, 4), dtype=np.uint8), id="transparency"),
        pytest.param(np.zeros((0, 9, 3), dtype=np.uint8), id="no pixels"),
    ],
)
def test_only_rgb_pictures_are_corrupted(image: NDArray[np.uint8]) -> None:
    with pytest.raises(InvalidInput, match=r"`image_rgb` must be uint8 of shape \(h, w, 3\)"):
        corrupt(image, "jpeg", 1)


@pytest.mark.real
@pytest.mark.parametrize("name", KEEPING_SHAPE)
def test_real_faces_get_worse_with_strength(name: str, real_data: Path) -> None:
    for folder in ("with_mask", "without_mask", "incorrect"):
        for path in sorted((real_data / "faces" / folder).glob("*.jpg"))[::200][:4]:
            face = read_image(path)
            damages = [damage(face, corrupt(face, name, strength)) for strength in STRENGTHS]
            assert damages == sorted(damages), path.name
