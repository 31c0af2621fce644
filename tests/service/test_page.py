"""The page in a real browser: pictures, the camera, both who decide, and what goes wrong."""

import json
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from io import BytesIO
from pathlib import Path
from threading import Thread
from typing import Any
from urllib.parse import urlsplit

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Browser, Page, expect, sync_playwright

from maskwise.service.browser import PAGE, has_page
from services import KEY, draw_street, serve

CHROMIUM = shutil.which("chromium") or ""
WEB = Path(__file__).parents[2] / "web"
AXE = WEB / "node_modules" / "axe-core" / "axe.min.js"
ANSWERS = {
    **{"without_mask": "no mask", "with_mask": "mask"},
    **{"incorrect": "mask worn wrongly", "unsure": "unsure"},
}
FAR = "door.example"  # a name that Chromium does not take for this machine
ARGUMENTS = (
    f"--host-resolver-rules=MAP {FAR} 127.0.0.1",
    *("--no-sandbox", "--disable-quic", "--disable-background-networking", "--disable-sync"),
    *("--disable-component-update", "--use-fake-ui-for-media-stream"),
)

pytestmark = [
    pytest.mark.skipif(not CHROMIUM, reason="no chromium; Debian has it as `chromium`"),
    pytest.mark.skipif(not has_page(), reason="no page; `make page` builds it"),
]


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    with serve() as (url, _):
        yield url


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    clip = tmp_path_factory.mktemp("camera") / "street.mjpeg"
    clip.write_bytes(draw_street() * 10)
    camera = ("--use-fake-device-for-media-stream", f"--use-file-for-fake-video-capture={clip}")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=[*ARGUMENTS, *camera])
        yield browser
        browser.close()


@pytest.fixture
def page(browser: Browser, url: str) -> Iterator[Page]:
    """The page, which asks nobody else and complains of nothing."""
    context = browser.new_context(accept_downloads=True, permissions=["camera"])
    page = context.new_page()
    page.set_default_timeout(60_000)
    asked: list[str] = []
    wrong: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.on(
        "console", lambda said: wrong.append(said.text) if "Content Security" in said.text else None
    )
    page.goto(url)
    yield page
    context.close()
    hosts = {urlsplit(each).netloc for each in asked if not each.startswith(("blob:", "data:"))}
    assert hosts == {urlsplit(url).netloc}
    assert wrong == []


@pytest.fixture(scope="module")
def street(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("street") / "a street.jpg"
    path.write_bytes(draw_street())
    return path


class QuietHandler(SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        pass


def decide(page: Page, *pictures: Path, by: str = "browser") -> list[dict[str, Any]]:
    """What the page says of pictures, in the order in which they are named."""
    page.locator(f"[name=decider][value={by}]").check()
    n_before = page.locator("article").count()
    page.set_input_files("#files", pictures)
    expect(page.locator("article")).to_have_count(n_before + len(pictures), timeout=300_000)
    with page.expect_download() as download:
        page.get_by_role("button", name="JSON").click()
    lines = Path(download.value.path()).read_text(encoding="utf-8").splitlines()
    return [json.loads(line) for line in lines[: len(pictures)]][::-1]


def require_equal(a: dict[str, Any], b: dict[str, Any], *, within_px: float = 1) -> None:
    assert len(a["faces"]) == len(b["faces"]), a["source"]
    for one, other in zip(a["faces"], b["faces"], strict=True):
        assert one["label"] == other["label"]
        assert one.get("quality") == other.get("quality")
        np.testing.assert_allclose(one["box_xyxy"], other["box_xyxy"], atol=within_px)
        for name, share in one["probability"].items():
            assert share == pytest.approx(other["probability"][name], abs=0.01)


def test_this_browser_and_the_server_say_the_same(page: Page, street: Path) -> None:
    (here,) = decide(page, street)
    (there,) = decide(page, street, by="server")
    assert len(here["faces"]) == 2
    require_equal(here, there)
    expect(page.locator("article").first.locator("tbody tr")).to_have_count(2)
    expect(page.locator("article").first).to_contain_text(ANSWERS[here["faces"][0]["label"]])


@pytest.mark.real
def test_this_browser_and_the_server_say_the_same_of_photos(page: Page, real_data: Path) -> None:
    scenes = real_data / "scenes"
    listed = json.loads((scenes / "annotations_coco_val.json").read_text(encoding="utf-8"))
    # Every eighth: benchmarks/browser.py shows the page all of them.
    paths = [scenes / "images" / image["file_name"] for image in listed["images"][::8]]
    for here, there in zip(decide(page, *paths), decide(page, *paths, by="server"), strict=True):
        require_equal(here, there)


def test_what_is_taken_home_is_what_the_command_line_writes(
    page: Page, street: Path, tmp_path: Path
) -> None:
    decide(page, street)
    with page.expect_download() as download:
        page.get_by_role("button", name="CSV").click()
    kept = Path(download.value.path()).read_bytes().decode()
    out = tmp_path / "answers.csv"
    subprocess.run(
        [sys.executable, "-m", "maskwise", "detect", street, "--out", out],
        check=True,
        capture_output=True,
    )
    written = out.read_bytes().decode().replace(str(street), street.name)
    assert kept == written
    with page.expect_download() as download:
        page.get_by_role("button", name="Picture", exact=True).click()
    with Image.open(download.value.path()) as drawn:
        assert drawn.size == (800, 400)


@pytest.fixture(scope="module")
def files_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The page as files, in a folder of a web server that does nothing but hand out files."""
    root = tmp_path_factory.mktemp("site")
    command = [sys.executable, "-m", "maskwise", "page", str(root / "files")]
    subprocess.run(command, check=True, capture_output=True)
    assert not (root / "files" / "docs").exists()
    handler = partial(QuietHandler, directory=str(root))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as host:
        Thread(target=host.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{host.server_port}/files/"
        host.shutdown()


def test_as_files_it_needs_no_server(browser: Browser, files_url: str, street: Path) -> None:
    page = browser.new_page()
    page.goto(files_url)
    (found,) = decide(page, street)
    assert len(found["faces"]) == 2
    expect(page.locator("[value=server]")).to_be_disabled()
    page.close()


def test_over_http_from_elsewhere_pictures_work_and_the_camera_says_what_it_needs(
    browser: Browser, files_url: str, street: Path
) -> None:
    page = browser.new_page()
    page.goto(files_url.replace("127.0.0.1", FAR))
    assert len(decide(page, street)[0]["faces"]) == 2
    page.get_by_role("button", name="Open camera").click()
    expect(page.locator("#status")).to_contain_text("Camera: Browsers open a camera only for pages")
    page.close()


def test_all_its_words_stand_in_one_file() -> None:
    words = re.compile(r">[^<{]*[A-Za-z][^<{]*<|(?:aria-label|alt|placeholder)=\"[^{\"]")
    source = (WEB / "src" / "index.html").read_text(encoding="utf-8")
    assert words.findall(source) == []
    built = (PAGE / "index.html").read_text(encoding="utf-8")
    assert words.findall(built) != []
    assert "{{" not in built


def test_a_limit_and_blur_change_what_is_shown_at_once(page: Page, street: Path) -> None:
    decide(page, street)
    table = page.locator("tbody")
    expect(table).not_to_contain_text("unsure")
    page.locator("#threshold").fill("1")
    expect(table).to_contain_text("unsure")
    page.locator("#threshold").fill("0")
    expect(table).not_to_contain_text("unsure")
    before = page.locator("article canvas").screenshot()
    page.get_by_label("Blur faces").check()
    assert page.locator("article canvas").screenshot() != before


@pytest.mark.parametrize("by", ["browser", "server"])
def test_what_spoke_for_an_answer_is_shown_and_hidden_again(
    page: Page, street: Path, by: str
) -> None:
    decide(page, street, by=by)
    canvas = page.locator("article canvas")
    plain = canvas.screenshot()
    why = page.get_by_role("button", name="Why is this said of face 1?")
    why.click()
    expect(page.locator("#status")).to_contain_text("The warmer", timeout=60_000)
    expect(why).to_have_attribute("aria-pressed", "true")
    expect(why).to_be_focused()
    assert canvas.screenshot() != plain
    why.click()
    expect(why).to_have_attribute("aria-pressed", "false")
    assert canvas.screenshot() == plain


@pytest.mark.parametrize("by", ["browser", "server"])
def test_the_camera_is_answered_live(page: Page, by: str) -> None:
    page.locator(f"[name=decider][value={by}]").check()
    page.get_by_role("button", name="Open camera").click()
    expect(page.locator("#live-words")).to_contain_text("2 faces", timeout=60_000)
    page.get_by_role("button", name="Close camera").click()
    expect(page.locator("#live")).to_be_hidden()
    expect(page.get_by_role("button", name="Open camera")).to_be_focused()


@pytest.mark.parametrize("by", ["browser", "server"])
def test_what_is_no_picture_is_told(page: Page, tmp_path: Path, by: str) -> None:
    path = tmp_path / "notes.jpg"
    path.write_text("no picture")
    page.locator(f"[name=decider][value={by}]").check()
    page.set_input_files("#files", path)
    expect(page.locator("#status")).to_contain_text("notes.jpg: This is no picture")
    assert page.locator("article").count() == 0


def test_a_server_that_is_gone_is_told(browser: Browser, street: Path) -> None:
    page = browser.new_page()
    with serve() as (url, process):
        page.goto(url)
        page.locator("[value=server]").check()
        process.kill()
        process.wait()
        page.set_input_files("#files", street)
        expect(page.locator("#status")).to_contain_text("The server cannot be reached")
    page.close()


@pytest.mark.parametrize("by", ["browser", "server"])
def test_a_key_is_asked_for_where_one_is_needed(browser: Browser, street: Path, by: str) -> None:
    page = browser.new_page()
    with serve(MASKWISE_KEYS=f"door:{KEY}") as (url, _):
        page.goto(url)
        page.locator(f"[value={by}]").check()
        page.set_input_files("#files", street)
        expect(page.locator("#status")).to_contain_text("The server wants a key")
        page.get_by_label("Key").fill(KEY)
        page.set_input_files("#files", street)
        expect(page.locator("article")).to_contain_text("2 faces", timeout=60_000)
    page.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [360, 1280])
def test_everybody_can_use_it(
    browser: Browser, url: str, street: Path, scheme: Any, width: int
) -> None:
    context = browser.new_context(
        color_scheme=scheme, viewport={"width": width, "height": 800}, bypass_csp=True
    )
    page = context.new_page()
    page.goto(url)
    decide(page, street)
    page.add_script_tag(path=AXE)
    found = page.evaluate("axe.run()")
    assert [(each["id"], each["nodes"][0]["html"]) for each in found["violations"]] == []
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    context.close()


def test_a_keyboard_is_enough(page: Page) -> None:
    focused = []
    for _ in range(8):
        page.keyboard.press("Tab")
        focused.append(page.evaluate("document.activeElement.id || document.activeElement.value"))
    assert {"files", "camera", "threshold", "blur"} <= set(focused)


def test_the_api_can_be_tried_out_without_asking_elsewhere(page: Page, url: str) -> None:
    page.goto(f"{url}/docs/")
    expect(page.locator(".opblock-summary-path").first).to_be_visible()
    expect(page.locator("#api")).to_contain_text("/v1/detect")


def test_a_picture_keeps_upright_and_grey_behind_transparency(page: Page, tmp_path: Path) -> None:
    file = BytesIO(draw_street())
    with Image.open(file) as picture:
        turned = picture.transpose(Image.Transpose.ROTATE_90)
        exif = Image.Exif()
        exif[0x0112] = 6  # stands upright again
        turned.save(tmp_path / "turned.jpg", quality=95, exif=exif)
        clear = picture.convert("RGBA")
        clear.putalpha(Image.linear_gradient("L").resize(picture.size))
        clear.save(tmp_path / "clear.png")
    paths = [tmp_path / "turned.jpg", tmp_path / "clear.png"]
    for here, there in zip(decide(page, *paths), decide(page, *paths, by="server"), strict=True):
        assert (here["width"], here["height"]) == (800, 400)
        require_equal(here, there, within_px=3)  # a canvas rounds what is half transparent
