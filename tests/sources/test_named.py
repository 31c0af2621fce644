import io
import os
import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from numpy.typing import NDArray

from maskwise.errors import InvalidInput, UnreadableImage
from maskwise.images import MAX_BYTES, Readable, encode_image
from maskwise.sources.named import find_sources


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, noise_rgb: NDArray[np.uint8]) -> Path:
    """The working folder, with pictures in `photos`."""
    monkeypatch.chdir(tmp_path)
    for name in ("photos/1.png", "photos/2.png", "photos/10.png", "photos/sub/3.png"):
        Path(name).parent.mkdir(parents=True, exist_ok=True)
        Path(name).write_bytes(encode_image(noise_rgb, format="png"))
    return tmp_path


def test_sources_stand_in_the_order_of_naming(folder: Path) -> None:
    Path("list.txt").write_text("photos/2.png\n# no\nhttps://example.org/a.jpg?key=1\n")
    named: list[Readable] = [
        "photos/10.png",
        "photos",
        "photos/1*.png",
        "list.txt",
        "-",
        b"...",
        Path("none.png"),
    ]
    sources = find_sources(named, allow_url=True)
    assert [source.name for source in sources] == [
        "photos/10.png",
        *("photos/1.png", "photos/2.png", "photos/10.png", "photos/sub/3.png"),
        *("photos/1.png", "photos/10.png"),
        *("photos/2.png", "https://example.org/a.jpg?..."),
        *("-", "picture 6", "none.png"),
    ]
    assert [source.path for source in sources[-5:]] == [
        *(Path("photos/2.png"), None, None, None, Path("none.png")),
    ]
    assert [source.name for source in find_sources(iter(named), allow_url=True)] == [
        source.name for source in sources
    ]


def test_keys_are_names_and_never_alike(folder: Path) -> None:
    named = ["a#2", "a", "a", "a", "a#2", "a#3"]
    keys = [source.key for source in find_sources(named)]
    assert keys == ["a#2", "a", "a#3", "a#4", "a#2#2", "a#3#2"]
    urls = [f"http://example.org/?camera={number}" for number in (1, 2)]
    assert [source.key for source in find_sources(urls, allow_url=True)] == [
        *("http://example.org/?...", "http://example.org/?...#2"),
    ]


def test_nothing_is_read_before_it_is_asked_for(folder: Path) -> None:
    (source,) = find_sources("later.png")
    with pytest.raises(UnreadableImage, match=r"later\.png: No such file"):
        source.read_rgb()
    Path("photos/1.png").rename("later.png")
    assert source.read_rgb().shape == (30, 50, 3)


def test_a_bad_source_costs_only_itself(folder: Path) -> None:
    os.mkfifo("photos/pipe.png")
    Path("photos/text.png").write_text("no picture")
    Path("photos/sub/gone.png").symlink_to("nowhere")
    Path("list.txt").write_text("photos/none.png\nphotos\nphotos/1.png")
    reasons = []
    for source in find_sources(["photos", "list.txt", "none\n.txt", b"", np.zeros(3), "x" * 300]):
        try:
            source.read_rgb()
        except (UnreadableImage, InvalidInput) as error:
            reasons.append(str(error))
    assert [reason.split(": ")[0] for reason in reasons] == [
        *("photos/pipe.png", "photos/sub/gone.png", "photos/text.png"),
        *("photos/none.png", "photos", "none\\n.txt", "picture 4", "picture 5", "x" * 300),
    ]
    assert not any("\n" in reason for reason in reasons)


def test_a_file_wins_over_a_pattern(folder: Path) -> None:
    for name in ("photos/[1].png", "photos/*.png", "photos/what?"):
        Path(name).touch()
        assert [source.name for source in find_sources(name)] == [name]
    Path("[a]").mkdir()
    Path("[a]/1.png").touch()
    assert [source.name for source in find_sources("[a]")] == ["[a]/1.png"]


def test_names_in_a_list_are_meant_from_its_folder_and_to_the_letter(folder: Path) -> None:
    Path("photos/LIST.TXT").write_text(f"1.png\n../photos/2.png\n{folder}/x.png\n*.png\n-\nsub\n")
    assert [source.name for source in find_sources("photos/LIST.TXT")] == [
        *("photos/1.png", "photos/../photos/2.png", f"{folder}/x.png", "photos/*.png"),
        *("photos/-", "photos/sub"),
    ]


def test_standard_input_holds_one_picture(
    folder: Path, monkeypatch: pytest.MonkeyPatch, noise_rgb: NDArray[np.uint8]
) -> None:
    content = encode_image(noise_rgb, format="png")

    def read(content: bytes, *named: str) -> NDArray[np.uint8]:
        monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=io.BytesIO(content)))
        (source,) = find_sources(named)
        return source.read_rgb()

    assert np.array_equal(read(content, "-"), noise_rgb)
    with pytest.raises(UnreadableImage, match=r"standard input: the file has 20\.0 MiB"):
        read(bytes(MAX_BYTES + 9), "-")
    with pytest.raises(UnreadableImage, match="standard input: the file is empty"):
        read(b"", "-")
    with pytest.raises(InvalidInput, match="named once"):
        read(content, "-", "-")
    Path("-").write_bytes(content)
    assert np.array_equal(read(b"", "./-"), noise_rgb)
    monkeypatch.setattr(sys, "stdin", None)
    with pytest.raises(UnreadableImage, match="standard input: it cannot be read"):
        find_sources("-")[0].read_rgb()


def test_urls_are_refused_unless_allowed(folder: Path) -> None:
    with pytest.raises(InvalidInput, match=r"allow_url.*https://example.org/a\?\.\.\.\.") as caught:
        find_sources("https://example.org/a?key=secret")
    assert "secret" not in str(caught.value)
    Path("list.txt").write_text("photos/1.png\nhttp://user:secret@example.org/\n")
    for allow_url in (False, True):
        with pytest.raises(InvalidInput, match=r"^list.txt, line 2: .* no user name") as caught:
            find_sources("list.txt", allow_url=allow_url)
        assert "secret" not in str(caught.value)
    with pytest.raises(InvalidInput, match="must begin with http"):
        find_sources("rtsp://example.org/", allow_url=True)


def test_what_a_url_gives_is_judged_by_its_content(noise_rgb: NDArray[np.uint8]) -> None:
    def read(content: bytes) -> NDArray[np.uint8]:
        url = "https://example.org/a.html?b"
        return find_sources(url, allow_url=True, fetch=lambda _: content)[0].read_rgb()

    assert np.array_equal(read(encode_image(noise_rgb, format="png")), noise_rgb)
    with pytest.raises(
        UnreadableImage, match=r"^https://example.org/a.html\?\.\.\.: .* a web page"
    ):
        read(b"<html>")


@pytest.mark.parametrize(
    ("named", "reason"),
    [
        pytest.param("", "must not be empty", id="nothing"),
        pytest.param(3, "Received: int", id="number"),
        pytest.param(["photos", 3], "Received: int", id="number in a list"),
        pytest.param([["photos"]], "Received: list", id="list in a list"),
        pytest.param(None, "Received: NoneType", id="none"),
        pytest.param("empty", "A folder must hold .* empty, which holds none", id="empty folder"),
        pytest.param("photos/*.gif", "A pattern must match .* which matches none", id="pattern"),
        pytest.param("empty.txt", "A list must name", id="empty list"),
    ],
)
def test_other_things_are_no_sources(named: object, reason: str, folder: Path) -> None:
    Path("empty").mkdir()
    Path("empty.txt").touch()
    with pytest.raises(InvalidInput, match=reason):
        find_sources(named)  # type: ignore[arg-type]
    assert find_sources([]) == []
