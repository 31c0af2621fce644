import subprocess
import sys
from pathlib import Path


def test_draw_says_what_it_made_and_what_to_do_next(tmp_path: Path) -> None:
    folder = tmp_path / "set"
    done = subprocess.run(
        [sys.executable, "-m", "maskwise", "data", "draw", str(folder), "--count", "12"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == ""
    assert done.stderr == (
        f"Drew 12 pictures into {folder}. Train on them: "
        f"maskwise train {folder} --recipe reference --out runs/first\n"
    )
    assert len([path for path in folder.rglob("*") if path.is_file()]) == 12
