"""Kinds: what a file is, by its first bytes and never by its name."""

import re
from typing import Final

_SIGNATURES: Final = tuple(
    (re.compile(pattern, re.DOTALL), kind)
    for pattern, kind in (
        (rb"\xff\xd8\xff", "JPEG"),
        (rb"\x89PNG\r\n\x1a\n", "PNG"),
        (rb"RIFF....WEBP", "WebP"),
        (rb"version https://git-lfs", "a Git LFS pointer (`git lfs pull` fetches the real file)"),
        (rb"....ftyp(avi[fs]|mif1.{,24}avif)", "an AVIF picture"),
        (rb"....ftyp(hei[cxms]|hev[cxms]|mif1|msf1)", "a HEIC picture, as phones make them"),
        (rb"....ftyp", "an MP4 or QuickTime video"),
        (rb"RIFF....AVI ", "an AVI video"),
        (rb"\x1aE\xdf\xa3", "a Matroska or WebM video"),
        (rb"GIF8[79]a", "a GIF"),
        (rb"BM....\0\0\0\0", "a BMP picture"),
        (rb"II\*\x00|MM\x00\*", "a TIFF picture or camera raw file"),
        (rb"\x00\x00\x01\x00", "an icon"),
        (rb"P[1-7]\s", "a PNM picture"),
        (rb"8BPS", "a Photoshop document"),
        (rb"\xff\x0a|\x00\x00\x00\x0cJXL ", "a JPEG XL picture"),
        (rb"\x00\x00\x00\x0cjP  ", "a JPEG 2000 picture"),
        (rb"%PDF", "a PDF document"),
        (rb"%!PS|\xc5\xd0\xd3\xc6", "a PostScript document"),
        (rb"(?i:(\xef\xbb\xbf)?\s*((<\?xml|<!--).*)?<(!doctype )?svg)", "an SVG drawing"),
        (rb"(?i:(\xef\xbb\xbf)?\s*<(!doctype html|html|head|body|script))", "a web page"),
        (rb"PK\x03\x04", "a ZIP archive"),
        (rb"\x1f\x8b", "a gzip archive"),
        (rb"\x7fELF|MZ", "a program"),
        (rb"\x93NUMPY", "a NumPy array"),
        (rb"\x00\x05\x16[\x00\x07]", "a macOS side file, not the picture itself"),
    )
)
_HEAD_BYTES: Final = 1024
_ZEROS: Final = re.compile(rb"\x00+")
_TEXT: Final = re.compile(rb"(\xef\xbb\xbf)?[\t\n\r -~]+")


def kind_of(content: bytes) -> str:
    """Say what `content` is: `JPEG`, `PNG`, `WebP`, or other words for people.

    >>> kind_of(b"GIF89a..."), kind_of(b"?" + bytes(9))
    ('a GIF', 'no known kind of picture')
    """
    head = content[:_HEAD_BYTES]
    for pattern, kind in _SIGNATURES:
        if pattern.match(head):
            return kind
    if _ZEROS.fullmatch(content):
        return "nothing but zeros"
    return "a text" if _TEXT.fullmatch(content) else "no known kind of picture"
