import os
from pathlib import Path

import pytest

from maskwise.errors import InvalidInput
from maskwise.sources.folder import pictures_below


def fill(folder: Path, *names: str) -> Path:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).touch()
    return folder


def below(folder: Path, *, follow_links: bool = False) -> list[str]:
    found = pictures_below(folder, follow_links=follow_links)
    return [str(path.relative_to(folder)) for path, _ in found]


def test_pictures_are_found_by_the_end_of_their_names(tmp_path: Path) -> None:
    names = ["2.jpg", "10.JPG", "a/b/c.PnG", "a/x.webp", "b [1]*.jpeg"]
    fill(tmp_path, *names, "notes.txt", "film.mp4", "jpg", "a/manifest.csv")
    assert below(tmp_path) == names


def test_what_is_hidden_is_passed_over(tmp_path: Path) -> None:
    fill(tmp_path, "a.jpg", ".b.jpg", "._a.jpg", ".thumbnails/c.jpg", "d/.e/f.jpg", "d/._g.JPG")
    (tmp_path / ".h.jpg").symlink_to("nowhere.jpg")
    assert below(tmp_path) == ["a.jpg"]


@pytest.fixture
def linked(tmp_path: Path) -> Path:
    """A folder with links inside, out, to folders, and in circles."""
    folder = fill(tmp_path / "photos", "a.jpg", "sub/b.jpg")
    elsewhere = fill(tmp_path / "elsewhere", "c.jpg", "deep/d.jpg")
    for name, target in {
        "inside.jpg": folder / "a.jpg",
        "out.jpg": elsewhere / "c.jpg",
        "outside": elsewhere,
        "sub/up": folder,
        "sub/self": folder / "sub",
        "to folder.jpg": elsewhere / "deep",
        "readable.jpg": Path("/dev/zero"),
    }.items():
        (folder / name).symlink_to(target)
    (elsewhere / "back").symlink_to(folder)
    return folder


def test_links_are_followed_to_files_inside_only(linked: Path) -> None:
    assert below(linked) == ["a.jpg", "inside.jpg", "sub/b.jpg"]


def test_if_asked_all_links_are_followed_and_each_file_is_taken_once(linked: Path) -> None:
    found = pictures_below(linked, follow_links=True)
    real = [os.path.realpath(path) for path, _ in found]
    expected = {"photos/a.jpg", "photos/sub/b.jpg", "elsewhere/c.jpg", "elsewhere/deep/d.jpg"}
    assert set(real) == {str(linked.parent / name) for name in expected} | {"/dev/zero"}
    assert len(real) == len(expected) + 1


def test_what_cannot_be_looked_into_is_told(tmp_path: Path) -> None:
    fill(tmp_path, "a.jpg")
    os.mkfifo(tmp_path / "b.jpg")
    (tmp_path / "c.jpg").symlink_to("c.jpg")
    (tmp_path / "d.jpg").symlink_to("nowhere")
    for follow_links in (False, True):
        reasons = {
            path.name: why for path, why in pictures_below(tmp_path, follow_links=follow_links)
        }
        assert reasons.pop("a.jpg") == ""
        assert reasons.pop("b.jpg") == "not a regular file"
        assert all("leads nowhere" in why for why in reasons.values())
        assert list(reasons) == ["c.jpg", "d.jpg"]


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_closed_folder_is_told(tmp_path: Path) -> None:
    closed = fill(tmp_path, "a.jpg", "closed/b.jpg") / "closed"
    closed.chmod(0)
    try:
        assert [(p.name, why) for p, why in pictures_below(tmp_path, follow_links=False)] == [
            ("a.jpg", ""),
            ("closed", "the folder cannot be read: Permission denied"),
        ]
    finally:
        closed.chmod(0o700)


def test_a_folder_without_pictures_is_named(tmp_path: Path) -> None:
    folder = fill(tmp_path / "no\npictures", "notes.txt", ".a.jpg")
    for follow_links in (False, True):
        with pytest.raises(InvalidInput, match=r"no\\npictures, which holds none") as caught:
            pictures_below(folder, follow_links=follow_links)
        assert "\n" not in str(caught.value)
