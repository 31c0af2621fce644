from pathlib import Path

import pytest

from maskwise.errors import InvalidInput
from maskwise.sources.pattern import is_pattern, pictures_matching


@pytest.fixture
def photos(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The working folder, with pictures in `photos` and elsewhere."""
    monkeypatch.chdir(tmp_path)
    for name in (
        *("photos/2.jpg", "photos/10.jpg", "photos/3.PNG", "photos/a/4.jpg", "photos/a/b/5.jpg"),
        *("photos/.hidden.jpg", "photos/.git/6.jpg", "photos/._2.jpg", "photos/notes.txt"),
        "elsewhere/7.jpg",
    ):
        Path(name).parent.mkdir(parents=True, exist_ok=True)
        Path(name).touch()
    Path("photos/folder.jpg").mkdir()
    Path("photos/out.jpg").symlink_to(tmp_path / "elsewhere/7.jpg")
    Path("photos/a/loop").symlink_to(tmp_path / "photos")
    Path("photos/elsewhere").symlink_to(tmp_path / "elsewhere")
    return tmp_path


@pytest.mark.parametrize(
    ("pattern", "names"),
    [
        ("photos/*.jpg", ["2.jpg", "10.jpg"]),
        ("photos/*", ["2.jpg", "3.PNG", "10.jpg"]),
        ("photos/?.*", ["2.jpg", "3.PNG"]),
        ("photos/[0-9].jpg", ["2.jpg"]),
        ("photos/**/*.jpg", ["2.jpg", "10.jpg", "a/4.jpg", "a/b/5.jpg"]),
        ("photos/**", ["2.jpg", "3.PNG", "10.jpg", "a/4.jpg", "a/b/5.jpg"]),
        ("photos/**/b/**/5.jpg", ["a/b/5.jpg"]),
        ("photos/*/4.jpg", ["a/4.jpg"]),
        ("./photos/../photos/?.jpg", ["../photos/2.jpg"]),
    ],
)
def test_patterns_name_pictures_in_natural_order(
    pattern: str, names: list[str], photos: Path
) -> None:
    found = pictures_matching(pattern, follow_links=False)
    assert found == [Path("photos") / name for name in names]
    if not pattern.startswith("."):
        found = pictures_matching(f"{photos}/{pattern}", follow_links=False)
        assert found == [photos / "photos" / name for name in names]


def test_if_asked_links_out_of_the_folder_are_taken(photos: Path) -> None:
    assert Path("photos/out.jpg") in pictures_matching("photos/*.jpg", follow_links=True)


@pytest.mark.parametrize(
    "pattern", ["photos/*.gif", "none/*.jpg", "photos/*.txt", "a\nb*", "\0*", "**x/*.gif"]
)
def test_a_pattern_that_matches_nothing_is_named(pattern: str, photos: Path) -> None:
    with pytest.raises(InvalidInput, match="A pattern must") as caught:
        pictures_matching(pattern, follow_links=False)
    assert "\n" not in str(caught.value)
    assert repr(pattern)[1:-1] in str(caught.value)


def test_a_lone_bracket_makes_no_pattern() -> None:
    assert not is_pattern("photos/IMG[1.jpg")
    assert not is_pattern("photos[a/b].jpg")
    assert is_pattern("IMG[12].jpg")
