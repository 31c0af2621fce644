from pathlib import Path

import pytest

from limits import file_size_limit
from maskwise.durable import make_folder, replacing, whole_folder, write_bytes, write_text
from maskwise.errors import OutputFailed


def test_replaces_the_whole_file(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    write_text(path, "a long first version")
    write_text(path, "short")
    assert path.read_text() == "short"
    assert [entry.name for entry in tmp_path.iterdir()] == ["a.txt"]


def test_a_failing_block_leaves_the_old_file(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    write_text(path, "old")

    def write_and_be_interrupted() -> None:
        with replacing(path) as file:
            file.write(b"new, but")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_and_be_interrupted()
    assert path.read_text() == "old"
    assert [entry.name for entry in tmp_path.iterdir()] == ["a.txt"]


def test_a_full_disk_is_one_clear_error_and_leaves_the_old_file(tmp_path: Path) -> None:
    path = tmp_path / "a.bin"
    write_bytes(path, b"old")
    with file_size_limit(1000), pytest.raises(OutputFailed, match=r"Could not write .*a\.bin: "):
        write_bytes(path, bytes(100_000))
    assert path.read_bytes() == b"old"
    assert [entry.name for entry in tmp_path.iterdir()] == ["a.bin"]


def test_a_missing_folder_is_named(tmp_path: Path) -> None:
    with pytest.raises(OutputFailed, match="No such file or directory"):
        write_text(tmp_path / "missing" / "a.txt", "")


def test_a_file_in_the_way_of_a_folder_is_named(tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("")
    with pytest.raises(OutputFailed, match="taken"):
        make_folder(tmp_path / "taken")


def test_a_folder_is_there_whole_or_not_at_all(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "set"

    def fill(*, interrupt: bool) -> None:
        with whole_folder(path) as unfinished:
            (unfinished / "a.txt").write_text("a")
            assert not list(path.parent.glob("set/*"))
            if interrupt:
                raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fill(interrupt=True)
    assert not list(path.parent.iterdir())
    mine = path.with_name("set.partial")
    mine.mkdir()
    path.mkdir()  # an empty folder is no obstacle
    fill(interrupt=False)
    assert [entry.name for entry in path.iterdir()] == ["a.txt"]
    assert sorted(path.parent.iterdir()) == [path, mine]


def test_a_link_to_an_empty_folder_is_followed(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to("real")
    with whole_folder(tmp_path / "link") as unfinished:
        (unfinished / "a.txt").write_text("a")
    assert (tmp_path / "link").is_symlink()
    assert [entry.name for entry in (tmp_path / "real").iterdir()] == ["a.txt"]


@pytest.mark.parametrize("path", [".", "", "/", "x/.."])
def test_a_folder_in_use_cannot_be_replaced(
    path: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(OutputFailed, match="in use"), whole_folder(Path(path)):
        pass


def test_a_file_in_the_way_of_a_folder_stays(tmp_path: Path) -> None:
    path = tmp_path / "set"
    path.write_text("precious")
    with pytest.raises(OutputFailed, match="a file is in the way"), whole_folder(path):
        pass
    assert path.read_text() == "precious"
