import os
from pathlib import Path

import pytest

from maskwise.dataset.class_names import class_of
from maskwise.dataset.formats import folders
from maskwise.dataset.formats.listing import Listing
from maskwise.dataset.formats.tree import Tree


def list_class_folders(root: Path) -> Listing:
    return folders.list_class_folders(Tree.walk(root), class_of)


def touch(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"")
    return path


def test_the_nearest_class_folder_decides(tmp_path: Path) -> None:
    for path in (
        "train/With Mask/deep/er/a.JPG",
        "mask/no_mask/b.png",
        "test/NON_MASK/c.jpeg",
        "incorrect/d.webp",
        "e.png",
    ):
        touch(tmp_path / path)
    listing = list_class_folders(tmp_path)
    assert [(found.path, found.label) for found in listing.candidates] == [
        ("incorrect/d.webp", 2),
        ("mask/no_mask/b.png", 0),
        ("test/NON_MASK/c.jpeg", 0),
        ("train/With Mask/deep/er/a.JPG", 1),
    ]
    assert listing.unlabelled == ["e.png"]


def test_a_folder_says_that_its_pictures_show_no_face(tmp_path: Path) -> None:
    for path in ("with_mask/no_face/a.jpg", "no_face/with_mask/b.jpg", "No_Face/c.jpg"):
        touch(tmp_path / path)
    listing = list_class_folders(tmp_path)
    assert list(listing.faceless) == ["No_Face/c.jpg", "with_mask/no_face/a.jpg"]
    assert [found.path for found in listing.candidates] == ["no_face/with_mask/b.jpg"]


def test_folders_that_begin_with_a_dot_are_not_looked_into(tmp_path: Path) -> None:
    for path in ("mask/.ipynb_checkpoints/a.jpg", ".git/mask/b.jpg", "mask/c.jpg"):
        touch(tmp_path / path)
    listing = list_class_folders(tmp_path)
    assert [found.path for found in listing.candidates] == ["mask/c.jpg"]
    assert not listing.unlabelled


def test_other_files_are_no_pictures(tmp_path: Path) -> None:
    for name in ("Thumbs.db", "labels.csv", ".jpg", "a.jpg.part", "._a.jpg"):
        touch(tmp_path / "mask" / name)
    listing = list_class_folders(tmp_path)
    assert not listing.candidates
    assert not listing.rejected


def test_a_folder_named_like_a_picture_is_walked_into(tmp_path: Path) -> None:
    touch(tmp_path / "mask" / "set.jpg" / "a.jpg")
    assert [found.path for found in list_class_folders(tmp_path).candidates] == [
        "mask/set.jpg/a.jpg"
    ]


def test_links_are_followed_to_files_inside_only(tmp_path: Path) -> None:
    outside = touch(tmp_path / "elsewhere" / "secret.jpg")
    root = tmp_path / "data"
    inside = touch(root / "mask" / "a.jpg")
    (root / "mask" / "b.jpg").symlink_to(inside)
    (root / "mask" / "out.jpg").symlink_to(outside)
    (root / "mask" / "zero.jpg").symlink_to("/dev/zero")
    (root / "mask" / "gone.jpg").symlink_to("nowhere.jpg")
    (root / "mask" / "loop").symlink_to(root, target_is_directory=True)
    (root / "mask" / "self.jpg").symlink_to("self.jpg")
    listing = list_class_folders(root)
    assert [found.path for found in listing.candidates] == ["mask/a.jpg", "mask/b.jpg"]
    reasons = {rejected.path: rejected.reason for rejected in listing.rejected}
    assert set(reasons) == {
        f"mask/{name}" for name in ("gone.jpg", "loop", "out.jpg", "self.jpg", "zero.jpg")
    }
    assert "leads out of the data folder" in reasons["mask/out.jpg"]
    assert "leads nowhere" in reasons["mask/gone.jpg"]


def test_pipes_and_devices_are_never_opened(tmp_path: Path) -> None:
    (tmp_path / "mask").mkdir()
    os.mkfifo(tmp_path / "mask" / "pipe.jpg")
    (rejected,) = list_class_folders(tmp_path).rejected
    assert rejected.reason == "not a regular file"


def test_names_of_any_bytes_are_found(tmp_path: Path) -> None:
    names = ["a\nb.jpg", "=1+1.jpg", "\u202egpj.exe.jpg", os.fsdecode(b"\xff\xfe.jpg"), "'\".jpg"]
    for name in names:
        touch(tmp_path / "mask" / name)
    found = {candidate.path for candidate in list_class_folders(tmp_path).candidates}
    assert found == {f"mask/{name}" for name in names}


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read every folder")
def test_a_closed_folder_is_reported(tmp_path: Path) -> None:
    closed = touch(tmp_path / "mask" / "a.jpg").parent
    closed.chmod(0)
    try:
        (rejected,) = list_class_folders(tmp_path).rejected
    finally:
        closed.chmod(0o700)
    assert "cannot be read" in rejected.reason
