"""Records the page in use, in Chromium, for the README.

    python web/pictures.py docs/images/page.webp

The faces are drawn by code, so that the recording shows nobody.
"""

import argparse
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path
from typing import Final

import numpy as np
from PIL import Image
from playwright.sync_api import FilePayload, Page, expect, sync_playwright

from maskwise.dataset.drawn import draw_face
from maskwise.durable import write_bytes
from maskwise.images import encode_image
from maskwise.labels import WITH_MASK, WITHOUT_MASK

SEED: Final = 11
SHOWN: Final = (WITHOUT_MASK, WITH_MASK, WITHOUT_MASK, WITH_MASK)
SIZE_HW: Final = (1190, 860)


def draw_people() -> bytes:
    """A picture of drawn people side by side, as PNG."""
    faces = [draw_face(label, seed=SEED, index=place) for place, label in enumerate(SHOWN)]
    height = max(face.shape[0] for face in faces) + 60
    parts = []
    for face in faces:
        part = np.full((height, face.shape[1] + 40, 3), (208, 212, 220), np.uint8)
        top = (height - face.shape[0]) // 2
        part[top : top + face.shape[0], 20:-20] = face
        parts.append(part)
    return encode_image(np.concatenate(parts, axis=1), format="png")


@contextmanager
def serving() -> Iterator[str]:
    """A service on a free port; yields where."""
    command = [sys.executable, "-m", "maskwise", "serve", "--port", "0", "--workers", "1"]
    process = subprocess.Popen(
        command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
    )
    try:
        if process.stderr is None:
            raise RuntimeError("The service says nothing.")
        yield process.stderr.readline().split()[-1]
    finally:
        process.terminate()
        process.communicate()


def record(page: Page) -> Iterator[tuple[bytes, int]]:
    """Screenshots of the page in use, and for how many milliseconds each is shown."""
    yield page.screenshot(), 1500
    people = FilePayload(name="entrance.png", mimeType="image/png", buffer=draw_people())
    page.set_input_files("#files", people)
    expect(page.locator("article")).to_contain_text(f"{len(SHOWN)} faces", timeout=60_000)
    yield page.screenshot(), 3000
    for number in (1, 2):
        page.get_by_role("button", name=f"Why is this said of face {number}?").click()
        expect(page.locator("[aria-pressed=true]")).to_have_count(number)
    page.locator("h1").click()
    yield page.screenshot(), 3000
    page.get_by_label("Blur faces").check()
    yield page.screenshot(), 3000


def main() -> None:
    """Do all of it."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("out", type=Path)
    arguments = parser.parse_args()
    height, width = SIZE_HW
    with serving() as url, sync_playwright() as playwright:
        chromium = playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=["--no-sandbox"]
        )
        page = chromium.new_page(viewport={"width": width, "height": height})
        page.goto(url)
        shots, shown_ms = zip(*record(page), strict=True)
        chromium.close()
    pictures = [Image.open(BytesIO(shot)).convert("RGB") for shot in shots]
    file = BytesIO()
    pictures[0].save(
        file,
        "webp",
        save_all=True,
        append_images=pictures[1:],
        duration=shown_ms,
        loop=0,
        quality=85,
        method=6,
    )
    write_bytes(arguments.out, file.getvalue())


if __name__ == "__main__":
    main()
