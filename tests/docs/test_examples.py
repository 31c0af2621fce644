"""Every example of the documentation, done page by page as a reader would."""

import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Any, Self

import pytest

from fenced import CHECKED, PAGES, Block, read_blocks, read_objects
from handouts import lay_out
from maskwise.service.browser import has_page

GOES_ON = re.compile(r"maskwise serve|maskwise watch (?!.*--check)|python -m http\.server")
ADDRESS = re.compile(r"\b(?:127\.0\.0\.1|host):8000\b")
MADE = re.compile(r"""(?:--out |out=|export \S+ |export\("\S+", |draw |page )["']?([\w./-]+\w)""")
AT_TIMES = {"quality", "track_id", "incorrect"}
READY_S = 120


def to_run(page: Path) -> list[Block]:
    blocks = [block for block in read_blocks(page) if block.not_run is None]
    return [block for block in blocks if block.language in ("", "python")]


class Reader:
    """Does what a page says, in a folder of their own, until it leaves."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._names: dict[str, Any] = {}
        self._address = "127.0.0.1:8000"
        self._going_on: list[subprocess.Popen[bytes]] = []
        self.printed: list[Any] = []
        self._env = {
            **os.environ,
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
            "MASKWISE_WORKERS": "1",
        }

    def do(self, block: Block) -> None:
        if block.language == "python":
            text = ADDRESS.sub(self._address, block.text)
            exec(compile(text, str(block), "exec"), self._names)
            return
        together: list[str] = []
        for line in block.commands():
            if GOES_ON.match(line):
                self._run(block, together)
                self._begin(block, line)
                together = []
            elif line.split()[0] not in CHECKED:
                together.append(ADDRESS.sub(self._address, line))
        self._run(block, together)

    def leave(self) -> None:
        for process in self._going_on:
            assert process.poll() in (None, 0), process.args
            process.send_signal(signal.SIGINT)
            assert process.wait(READY_S) in (0, 130), process.args
        for said in self._folder.glob(".said-*"):
            self._keep(said.read_text(encoding="utf-8"))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for process in self._going_on:
            process.kill()
            process.wait()

    def _run(self, block: Block, lines: list[str]) -> None:
        done = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", "\n".join(lines)],
            cwd=self._folder,
            env=self._env,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, f"{block}: {lines}\n{done.stdout}{done.stderr}"
        self._keep(done.stdout)

    def _keep(self, said: str) -> None:
        for line in said.splitlines():
            if line.startswith("{"):
                self.printed.extend(read_objects(line))

    def _begin(self, block: Block, line: str) -> None:
        """Begin what goes on until it is told to end, on a port that is free."""
        with socket.create_server(("127.0.0.1", 0)) as free:
            port = free.getsockname()[1]
        if line.startswith("python"):
            line = f"{line} {port}"
        if line.startswith("maskwise serve"):
            self._address = f"127.0.0.1:{port}"
        said = self._folder / f".said-{port}"
        with said.open("wb") as file:
            process = subprocess.Popen(
                ["bash", "-c", f"exec {line}"],
                cwd=self._folder,
                env={**self._env, "MASKWISE_PORT": str(port), "PYTHONUNBUFFERED": "1"},
                stdin=subprocess.DEVNULL,
                stdout=file,
                stderr=file,
            )
        self._going_on.append(process)
        until_s = time.monotonic() + READY_S
        while not said.stat().st_size:  # the first that it says is that it is ready
            assert process.poll() is None, f"{block}: {line} ended"
            assert time.monotonic() < until_s, f"{block}: {line} says nothing"
            time.sleep(0.05)
        assert b"maskwise: " not in said.read_bytes(), said.read_text()


def looks_like(shown: Any, printed: Any) -> bool:
    """Whether both have the same fields, but for those that are not always there."""
    if isinstance(shown, dict) and isinstance(printed, dict):
        return (shown.keys() ^ printed.keys()) <= AT_TIMES and all(
            looks_like(shown[name], printed[name]) for name in shown.keys() & printed.keys()
        )
    if isinstance(shown, list) and isinstance(printed, list):
        return not printed or all(looks_like(each, printed[0]) for each in shown)
    return isinstance(shown, str) == isinstance(printed, str)


@pytest.fixture(scope="session")
def handouts(tiny_run: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return lay_out(tmp_path_factory.mktemp("handouts"), tiny_run)


@pytest.mark.parametrize("page", [page for page in PAGES if to_run(page)], ids=lambda p: p.name)
def test_a_page_can_be_followed(
    page: Path, handouts: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = shutil.copytree(handouts, tmp_path / "here")
    blocks = to_run(page)
    for made in set(MADE.findall("\n".join(block.text for block in blocks))):
        shutil.rmtree(folder / made, ignore_errors=True)
    for block in read_blocks(page):
        if block.language == "toml" and block.not_run is None:
            (folder / "watch.toml").write_text(block.text)
            for name in re.findall(r"\$\{(\w+)\}", block.text):
                monkeypatch.setenv(name, f"drawn-secret-of-{name}")
    monkeypatch.chdir(folder)
    with Reader(folder) as reader:
        for block in blocks:
            if "maskwise page" in block.text and not has_page():
                continue  # npm was not there to build it
            reader.do(block)
        reader.leave()
    for block in read_blocks(page):
        for shown in block.objects() if block.language == "json" and reader.printed else ():
            real = any(looks_like(shown, printed) for printed in reader.printed)
            assert real or "error" in shown, f"{block}: nothing printed looks like {shown}"
