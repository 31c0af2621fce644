"""What waits is on the disk, in order, and bounded."""

import subprocess
import sys
from pathlib import Path

from maskwise.streams.sinks.spool import Spool


def rest(spool: Spool) -> list[str]:
    texts = []
    while (first := spool.first()) is not None:
        number, text = first
        texts.append(text)
        spool.remove(number)
    return texts


def test_texts_come_out_as_they_went_in(tmp_path: Path) -> None:
    spool = Spool(tmp_path / "new" / "a.sqlite", most=10)
    for text in ("a", "b", "ü\n"):
        spool.put(text)
    assert len(spool) == 3
    assert rest(spool) == ["a", "b", "ü\n"]
    assert spool.first() is None


def test_the_oldest_goes_when_it_is_full(tmp_path: Path) -> None:
    spool = Spool(tmp_path / "a.sqlite", most=3)
    for number in range(10):
        spool.put(str(number))
    assert spool.n_dropped == 7
    assert rest(spool) == ["7", "8", "9"]


def test_what_was_put_survives_a_kill(tmp_path: Path) -> None:
    code = (
        "import os, sys\n"
        "from pathlib import Path\n"
        "from maskwise.streams.sinks.spool import Spool\n"
        "spool = Spool(Path(sys.argv[1]), most=10)\n"
        "spool.put('a'); spool.put('b')\n"
        "os.kill(os.getpid(), 9)\n"
    )
    path = tmp_path / "a.sqlite"
    subprocess.run([sys.executable, "-c", code, str(path)], check=False)
    assert rest(Spool(path, most=10)) == ["a", "b"]
