from io import BytesIO

import pytest
from PIL import Image

from maskwise.dataset.formats.sizes import upright_size_hw
from maskwise.errors import UnreadableImage
from maskwise.images import decode_image


@pytest.mark.parametrize("format", ["JPEG", "PNG", "WebP"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_the_size_is_that_of_the_decoded_picture(format: str, orientation: int) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    file = BytesIO()
    Image.new("RGB", (30, 20)).save(file, format, exif=exif)
    content = file.getvalue()
    assert upright_size_hw(content) == decode_image(content).shape[:2]


@pytest.mark.parametrize(
    "content", [b"", b"GIF89a", b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n" + bytes(9)]
)
def test_what_is_no_picture_is_refused(content: bytes) -> None:
    with pytest.raises(UnreadableImage):
        upright_size_hw(content)
