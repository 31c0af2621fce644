import os
from pathlib import Path

import pytest

from maskwise.errors import InvalidInput
from maskwise.sources import list_file
from maskwise.sources.list_file import read_list


def written(tmp_path: Path, content: bytes) -> Path:
    path = tmp_path / "pictures.txt"
    path.write_bytes(content)
    return path


def test_a_line_names_a_picture(tmp_path: Path) -> None:
    content = "\ufeff# ours\na.jpg\r\n\n  b c.jpg \n\t# b.jpg\nd#e.jpg\n\u00fc\u2028.jpg".encode()
    assert read_list(written(tmp_path, content)) == [
        *((2, "a.jpg"), (4, "b c.jpg"), (6, "d#e.jpg"), (7, "\u00fc\u2028.jpg")),
    ]


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        pytest.param(b"", "names none", id="empty"),
        pytest.param(b"# a.jpg\n\n", "names none", id="comments"),
        pytest.param(b"a.jpg\nb\xff.jpg\n", "whose line 2 is not; save it as UTF-8", id="latin"),
        pytest.param("a.jpg\n".encode("utf-16"), "whose line 1 is not", id="utf-16"),
    ],
)
def test_other_contents_are_refused(content: bytes, reason: str, tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match=reason):
        read_list(written(tmp_path, content))


def test_what_is_no_list_is_not_opened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    os.mkfifo(tmp_path / "pipe.txt")
    with pytest.raises(InvalidInput, match="regular file"):
        read_list(tmp_path / "pipe.txt")
    with pytest.raises(InvalidInput, match="No such file"):
        read_list(tmp_path / "none.txt")
    monkeypatch.setattr(list_file, "MAX_BYTES", 2**20)
    with pytest.raises(InvalidInput, match=r"at most 1 MiB.* of 2\.0 MiB"):
        read_list(written(tmp_path, b"a" * 2**21))
