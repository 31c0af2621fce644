"""How long does it take to start, how much memory does a large photo, and how large is an install?

    python benchmarks/start.py PHOTO [--install]

Import: `import maskwise`, as a Python that just started sees it. One photo: `maskwise detect PHOTO`
beside a script that only imports numpy, OpenCV and ONNX Runtime and reads the picture, each a
process of its own, by turns; what counts is the median of the ratios. Memory: the peak of
`maskwise detect` on a drawn JPEG of 12 megapixels. Install: the disk space of `site-packages`,
beyond that of a new environment, after installing requirements/runtime.txt and maskwise, which
takes minutes. The figures are added to results/start.jsonl, unless `--dry`.
"""

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from record import record

HERE = Path(__file__).parent
IMPORT = "import time; s = time.perf_counter(); import maskwise; print(time.perf_counter() - s)"
# What cannot be done without: loading the libraries and decoding the picture.
BARE = "import numpy, cv2, onnxruntime, sys; cv2.imread(sys.argv[1])"
# In a process of its own: what this one holds would count as the peak of those that it starts.
DRAW = """
import sys
from PIL import Image
from maskwise.dataset.drawn import draw_face
photo = Image.effect_noise((4000, 3000), 40).convert("RGB")
for index in range(6):
    face = Image.fromarray(draw_face(index % 2, seed=0, index=index)).resize((800, 800))
    photo.paste(face, (200 + index % 3 * 1300, 300 + index // 3 * 1300))
photo.save(sys.argv[1], quality=92)
"""
# From compiled modules, as those of an installed package are.
ENVIRONMENT = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
TARGETS = {"import_ms": 50, "detect_to_bare_wall": 1.5, "peak_mb": 400, "install_mb": 400}


def detect(photo: Path) -> list[str]:
    """The command, as users start it."""
    return [sys.executable, "-m", "maskwise", "detect", str(photo)]


def run(command: Sequence[str]) -> tuple[float, float, float]:
    """Seconds of the clock and of processor time, and the peak of memory in MB, of a command."""
    began_s = time.perf_counter()
    process = subprocess.Popen(
        command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=ENVIRONMENT
    )
    _, status, usage = os.wait4(process.pid, 0)
    took_s = time.perf_counter() - began_s
    if status:
        raise SystemExit(f"{command} failed")
    return took_s, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024


def import_ms(turns: int) -> float:
    """The median of what importing takes."""
    command = [sys.executable, "-c", IMPORT]
    return 1000 * statistics.median(
        float(subprocess.run(command, check=True, capture_output=True, env=ENVIRONMENT).stdout)
        for _ in range(turns)
    )


def measure_detect(photo: Path, turns: int) -> dict[str, Any]:
    """Both commands by the clock and in processor time, and their ratios."""
    commands = {"detect": detect(photo), "bare": [sys.executable, "-c", BARE, str(photo)]}
    spent: dict[str, list[tuple[float, float, float]]] = {name: [] for name in commands}
    for turn in range(turns + 1):
        for name, command in commands.items():
            each = run(command)
            if turn:  # the first is for the cache of files
                spent[name].append(each)
    figures: dict[str, Any] = {}
    for index, what in enumerate(("wall", "cpu")):
        times_s = {name: [each[index] for each in runs] for name, runs in spent.items()}
        for name, each_s in times_s.items():
            figures[f"{name}_{what}_s"] = round(statistics.median(each_s), 3)
        pairs = zip(times_s["detect"], times_s["bare"], strict=True)
        figures[f"detect_to_bare_{what}"] = round(statistics.median(a / b for a, b in pairs), 2)
    return figures


def peak_mb(folder: Path) -> float:
    """What one photo of 12 megapixels takes at most."""
    photo = folder / "photo.jpg"
    subprocess.run([sys.executable, "-c", DRAW, photo], check=True)
    return run(detect(photo))[2]


def install_mb(folder: Path) -> dict[str, float]:
    """The size of `site-packages` of a base install, and of what a new environment holds anyway."""
    subprocess.run([sys.executable, "-m", "venv", folder], check=True)
    (packages,) = (folder / "lib").glob("python3*/site-packages")
    empty_mb = disk_mb(packages)
    install = [str(folder / "bin" / "python"), "-m", "pip", "install", "--quiet"]
    locked = HERE.parent / "requirements" / "runtime.txt"
    subprocess.run([*install, "--require-hashes", "-r", str(locked)], check=True)
    subprocess.run([*install, "--no-deps", str(HERE.parent)], check=True)
    return {
        "install_mb": round(disk_mb(packages) - empty_mb, 1),
        "new_environment_mb": round(empty_mb, 1),
    }


def disk_mb(folder: Path) -> float:
    """What all files below take on the disk."""
    return sum(path.lstat().st_blocks * 512 for path in folder.rglob("*")) / 10**6


def main() -> None:
    """Measure, show and keep."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("photo", type=Path)
    parser.add_argument("--turns", type=int, default=11)
    parser.add_argument("--install", action="store_true", help="measure a base install, too")
    parser.add_argument("--dry", action="store_true", help="keep no figures")
    arguments = parser.parse_args()
    figures: dict[str, Any] = {
        "import_ms": round(import_ms(arguments.turns), 1),
        **measure_detect(arguments.photo, arguments.turns),
    }
    with tempfile.TemporaryDirectory() as folder:
        figures["peak_mb"] = round(peak_mb(Path(folder)))
        if arguments.install:
            figures.update(install_mb(Path(folder) / "environment"))
    figures["targets"] = TARGETS
    record("start", figures, dry=arguments.dry)


if __name__ == "__main__":
    main()
