"""Names: of files, as they can be shown."""

from pathlib import PurePath


def legible(path: str | PurePath) -> str:
    r"""A file name on one line: control, direction and broken characters are escaped.

    >>> legible("a\nb\u202ec.jpg")
    'a\\nb\\u202ec.jpg'
    """
    return "".join(
        character if character.isprintable() else character.encode("unicode_escape").decode()
        for character in str(path)
    )
