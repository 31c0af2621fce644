"""Videos: what people name becomes an ordered list of videos, if it is any."""

import os
from collections.abc import Sequence
from pathlib import Path

from maskwise.errors import InvalidInput
from maskwise.names import legible
from maskwise.sources.folder import is_hidden
from maskwise.sources.mode import is_folder
from maskwise.sources.order import natural
from maskwise.sources.pattern import is_pattern
from maskwise.sources.url import is_url
from maskwise.sources.video import VIDEO_SUFFIXES, Address, is_video


def find_videos(named: Sequence[str], *, allow_url: bool = False) -> list[Address]:
    """Find the videos that are named, without opening any.

    These are files called like videos, patterns that end like them, such as `clips/*.mp4`, folders
    with such files and no pictures, cameras of this machine, and streams.

    Args:
        named: What was named; all of it videos, or nothing of it.
        allow_url: Open what lies at a URL of http or https.

    Returns:
        The videos in the order of naming; none if pictures are named.

    Raises:
        InvalidInput: Pictures and videos are named together; nothing matches; or an address makes
            no sense or is not allowed.
    """
    found = [_videos_of(one) for one in named]
    if not any(found):
        return []
    for one, videos in zip(named, found, strict=True):
        if not videos:
            raise InvalidInput(
                "Pictures and videos must be named in separate commands. Received videos, and "
                f"{legible(one)}, which is none."
            )
    addresses = [Address.parse(video) for videos in found for video in videos]
    for address in addresses:
        if address.text.lower().startswith("http") and address.is_live and not allow_url:
            raise InvalidInput(
                "A URL is only fetched if that is allowed (`allow_url`, on the command line "
                f"`--allow-url`). Received: {address.shown}."
            )
    return addresses


def _videos_of(one: str) -> list[str]:
    path = Path(one)
    if is_url(one) or not is_folder(path):
        if not is_video(one):
            return []
        if is_url(one) or os.path.lexists(path) or not is_pattern(one):
            return [one]
        return _matching(path)
    from maskwise.dataset.formats.tree import IMAGE_SUFFIXES  # see `folder`

    pictures = frozenset(IMAGE_SUFFIXES) - VIDEO_SUFFIXES
    videos = []
    for file in path.rglob("*"):
        suffix = file.suffix.lower()
        if suffix not in pictures | VIDEO_SUFFIXES or is_hidden(file, path) or is_folder(file):
            continue
        if suffix in pictures:  # the first one settles it, however many there are
            return []
        videos.append(file)
    return [str(file) for file in sorted(videos, key=natural)]


def _matching(pattern: Path) -> list[str]:
    n_plain = next(index for index, part in enumerate(pattern.parts) if is_pattern(part))
    folder, wild = Path(*pattern.parts[:n_plain]), "/".join(pattern.parts[n_plain:])
    try:
        files = [file for file in folder.glob(wild) if file.is_file()]
    except (ValueError, NotImplementedError) as error:
        raise InvalidInput(
            f"A pattern must make sense. Received: {legible(str(pattern))}, {error}."
        ) from error
    if not files:
        raise InvalidInput(
            f"A pattern must match files. Received: {legible(str(pattern))}, which matches none."
        )
    return [str(file) for file in sorted(files, key=natural)]
