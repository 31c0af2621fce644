from pathlib import Path

import pytest

from maskwise.cli import demo
from maskwise.images import read_image
from maskwise.runs.run import Run

pytestmark = pytest.mark.train


def test_the_demo_leaves_what_it_names_and_is_quick_the_second_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(demo, "_COUNT", 60)
    folder = tmp_path / "demo"
    demo.demo(folder)
    said = capsys.readouterr().err
    assert Run.open(folder / "run").finished_checkpoint().epoch == 20
    assert len(list((folder / "pictures").rglob("face-*"))) == 60
    assert len(list((folder / "new").glob("*.png"))) == 12
    assert read_image(folder / "contact-sheet.png").shape == (800, 1064, 3)
    for made in ("report.html", "contact-sheet.png"):
        assert made in said.splitlines()[-5] + said.splitlines()[-4]
    assert "Try next" in said.splitlines()[-3]

    demo.demo(folder)
    again = capsys.readouterr().err
    assert "epoch  1/20" in said
    assert "epoch  1/20" not in again
    assert said.splitlines()[-6:] == again.splitlines()[-6:]
