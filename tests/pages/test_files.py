import json
from pathlib import Path

import pytest

from maskwise.errors import OutputFailed
from maskwise.pages.files import json_text, write_files


def test_names_of_any_bytes_survive_json() -> None:
    text = json_text({"path": "a\udcff\u202e.jpg"})
    assert text.isascii()
    assert json.loads(text) == {"path": "a\udcff\u202e.jpg"}


def test_what_is_no_json_is_refused() -> None:
    with pytest.raises(ValueError, match="not JSON compliant"):
        json_text({"share": float("nan")})


def test_files_are_written_in_order_and_their_folder_is_made(tmp_path: Path) -> None:
    paths = write_files(tmp_path / "a" / "b", {"two.md": "zwei", "one.json": "{}"})
    assert [path.name for path in paths] == ["two.md", "one.json"]
    assert paths[0].read_text() == "zwei"


def test_a_folder_that_cannot_be_made_is_told_of(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputFailed):
        write_files(tmp_path / "file", {"a.md": ""})
