"""The page beside the service: how far the answers of Chromium are from those of the server.

    python benchmarks/browser.py DATA [--n PICTURES]

The page is opened in Chromium, and decides on the pictures of a data set by itself, decoding
included; then the server that it came from decides on the same files. Faces are compared one by
one, in their order.

The figures are added to results/browser.jsonl, unless `--dry`.
"""

import argparse
import json
import shutil
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from playwright.sync_api import Page, expect, sync_playwright

from maskwise.dataset.dataset import Dataset
from record import record
from service import started

LIMIT: Final = 0.01  # of a probability
SERVE: Final = (sys.executable, "-m", "maskwise", "serve", "--port", "0", "--workers", "1")
TOGETHER: Final = 20  # pictures that are given to the page at once


def answers(page: Page, paths: Sequence[Path], by: str) -> Iterator[Mapping[str, Any]]:
    """What the page says of pictures, in their order."""
    for start in range(0, len(paths), TOGETHER):
        some = paths[start : start + TOGETHER]
        page.reload()
        page.locator(f"[name=decider][value={by}]").check()
        page.set_input_files("#files", some)
        expect(page.locator("article")).to_have_count(len(some), timeout=300_000)
        with page.expect_download() as download:
            page.get_by_role("button", name="JSON").click()
        lines = Path(download.value.path()).read_text(encoding="utf-8").splitlines()
        yield from (json.loads(line) for line in reversed(lines))


def compare(here: Mapping[str, Any], there: Mapping[str, Any]) -> Iterator[float]:
    """Of each face, how far the probabilities are apart; 1 where the faces are not the same."""
    if len(here["faces"]) != len(there["faces"]):
        yield 1.0
        return
    for one, other in zip(here["faces"], there["faces"], strict=True):
        yield max(abs(p - other["probability"][name]) for name, p in one["probability"].items())


def main() -> None:
    """Do all of it."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", type=Path)
    parser.add_argument("--n", type=int, help="only the first so many pictures")
    parser.add_argument("--dry", action="store_true", help="keep no record")
    arguments = parser.parse_args()
    dataset = Dataset.open(arguments.data)
    names = dict.fromkeys([*(sample.path for sample in dataset.samples), *dataset.faceless])
    paths = [dataset.root / name for name in names][: arguments.n]
    with started(SERVE) as (port, _), sync_playwright() as playwright:
        chromium = playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=["--no-sandbox"]
        )
        page = chromium.new_page()
        page.goto(f"http://127.0.0.1:{port}")
        pairs = zip(*(list(answers(page, paths, by)) for by in ("browser", "server")), strict=True)
        apart = [difference for here, there in pairs for difference in compare(here, there)]
        chromium.close()
    figures = {
        "data": arguments.data.name,
        "pictures": len(paths),
        "faces": len(apart),
        "beyond_limit": sorted(round(each, 6) for each in apart if each > LIMIT),
        "largest": round(max(apart, default=0.0), 6),
        "limit": LIMIT,
    }
    record("browser", figures, dry=arguments.dry)


if __name__ == "__main__":
    main()
