"""What is kept of each picture to ask what a classifier could go by."""

from io import BytesIO
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from maskwise.dataset.audit.traits import METADATA, THUMBNAIL_SIDE, TRAITS, take_traits
from maskwise.errors import InvalidInput
from maskwise.images import decode_image


def saved(picture_rgb: NDArray[np.uint8], format: str, **options: Any) -> bytes:
    file = BytesIO()
    Image.fromarray(picture_rgb).save(file, format, **options)
    return file.getvalue()


def metadata_of(content: bytes) -> dict[str, float]:
    traits = take_traits(content, decode_image(content))
    return dict(zip(METADATA, traits["metadata"].tolist(), strict=True))


def test_metadata_tells_size_and_format(noise_rgb: NDArray[np.uint8]) -> None:
    content = saved(noise_rgb, "PNG")
    found = metadata_of(content)
    assert (found["width"], found["height"]) == (50, 30)
    assert found["aspect"] == pytest.approx(50 / 30)
    assert found["bytes"] == len(content)
    assert found["bytes per pixel"] == pytest.approx(len(content) / 1500)
    assert found["PNG colour type"] == 2
    for format in ("JPEG", "PNG", "WebP"):
        found = metadata_of(saved(noise_rgb, format))
        assert [found[f"is {name}"] for name in ("JPEG", "PNG", "WebP")] == [
            name == format for name in ("JPEG", "PNG", "WebP")
        ]


def test_metadata_tells_how_a_jpeg_was_compressed(noise_rgb: NDArray[np.uint8]) -> None:
    good = metadata_of(saved(noise_rgb, "JPEG", quality=95, subsampling="4:4:4"))
    poor = metadata_of(saved(noise_rgb, "JPEG", quality=30, subsampling="4:2:0", progressive=True))
    assert good["JPEG luma step"] < poor["JPEG luma step"]
    assert good["JPEG chroma step"] < poor["JPEG chroma step"]
    assert (good["JPEG chroma sampling"], poor["JPEG chroma sampling"]) == (1, 4)
    assert (good["is progressive JPEG"], poor["is progressive JPEG"]) == (0, 1)
    tables = Image.open(BytesIO(saved(noise_rgb, "JPEG", quality=95))).quantization  # type: ignore[attr-defined]
    assert good["JPEG luma step"] == pytest.approx(np.mean(tables[0]))


@pytest.mark.parametrize("format", ["JPEG", "PNG", "WebP"])
def test_metadata_tells_exif_and_colour_profile(format: str, noise_rgb: NDArray[np.uint8]) -> None:
    exif = Image.Exif()
    exif[0x010F] = "maker"
    plain = metadata_of(saved(noise_rgb, format))
    full = metadata_of(saved(noise_rgb, format, exif=exif, icc_profile=b"profile" * 20))
    for name in ("has EXIF", "has ICC profile"):
        assert (plain[name], full[name]) == (0, 1)


def test_a_grey_jpeg_has_traits(noise_rgb: NDArray[np.uint8]) -> None:
    found = metadata_of(saved(noise_rgb[..., 0], "JPEG"))
    assert found["JPEG luma step"] == found["JPEG chroma step"]


@pytest.mark.parametrize("size_hw", [(1, 1), (1, 700), (900, 2), (300, 200)])
def test_any_size_has_a_thumbnail_of_the_whole(size_hw: tuple[int, int]) -> None:
    picture = np.full((*size_hw, 3), (200, 100, 50), dtype=np.uint8)
    traits = take_traits(saved(picture, "PNG"), picture)
    assert traits["thumbnail"].shape == (THUMBNAIL_SIDE, THUMBNAIL_SIDE, 3)
    assert (traits["thumbnail"] == (200, 100, 50)).all()


def test_many_are_kept_as_one_array(noise_rgb: NDArray[np.uint8]) -> None:
    content = saved(noise_rgb, "PNG")
    stacked = np.stack([take_traits(content, noise_rgb)] * 3)
    assert (stacked.shape, stacked.dtype) == ((3,), TRAITS)


@pytest.mark.parametrize(
    "picture",
    [
        pytest.param(np.zeros((4, 5), np.uint8), id="grey"),
        pytest.param(np.zeros((4, 5, 3), np.float32), id="float"),
        pytest.param(np.zeros((0, 5, 3), np.uint8), id="empty"),
    ],
)
def test_what_is_no_picture_is_refused(picture: NDArray[Any]) -> None:
    with pytest.raises(InvalidInput, match="`picture_rgb` must"):
        take_traits(b"", picture)
