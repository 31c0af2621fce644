"""What does the reference recipe score at home, and what on a source that it has never seen?

    python benchmarks/reference_results.py FACES OUT

Trains the reference recipe (seed 0) on the two-class pictures of FACES four times: on one source,
on all, and on all but one source, twice. Each is judged on the test side of its own random split,
the last two also on the source left out. Prints the table of docs/results.md. FACES is described
in select_sources.py. Everything lands in OUT; cut off, the script goes on where it was.
"""

import argparse
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
TRAININGS: dict[str, tuple[str, ...]] = {
    "chandrikadeb7": ("--only", "chandrikadeb7"),
    "all": (),
    "without-prithwirajmitra": ("--without", "prithwirajmitra_rxkt"),
    "without-omkargurav": ("--without", "omkargurav_techyhoney"),
}
HELD_OUT = {
    "without-prithwirajmitra": ("prithwirajmitra", "prithwirajmitra_rxkt"),
    "without-omkargurav": ("omkargurav", "omkargurav_techyhoney"),
}
COLUMNS = ("accuracy", "balanced_accuracy", "precision", "recall", "f1")


def run(*command: object) -> None:
    """Run a Python command and stop if it fails."""
    subprocess.run([sys.executable, *map(str, command)], check=True, stdout=subprocess.DEVNULL)


def select(faces: Path, out: Path, *which: str) -> Path:
    """The class folders of some sources, made if they are missing."""
    if not out.exists():
        run(HERE / "select_sources.py", faces, out, *which)
    return out


def judge(run_folder: Path, report: Path, *data: Path) -> dict[str, Any]:
    """The metrics of a run, on its own test side or on other pictures."""
    if not (report / "metrics.json").exists():
        run("-m", "maskwise", "evaluate", run_folder, *data, "--out", report)
    metrics: dict[str, Any] = json.loads((report / "metrics.json").read_text())["metrics"]
    return metrics


def row(trained_on: str, judged_on: str, metrics: dict[str, Any]) -> str:
    """A row of the table."""
    figures = ["{value:.1%} ({low:.1%} to {high:.1%})".format(**metrics[name]) for name in COLUMNS]
    (bare_right, bare_wrong), _ = metrics["confusion"]
    masked = f"{bare_wrong / (bare_right + bare_wrong):.1%}"
    return "| " + " | ".join([trained_on, judged_on, str(metrics["n"]), *figures, masked]) + " |"


def main() -> None:
    """Train, judge, print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("faces", type=Path)
    parser.add_argument("out", type=Path)
    arguments = parser.parse_args()
    faces, out = arguments.faces, arguments.out
    print(
        "| Trained on | Judged on | Pictures | Accuracy | Balanced accuracy | Precision | Recall "
        "| F1 | Bare faces called masked |\n|---|---|---|---|---|---|---|---|---|"
    )
    for name, which in TRAININGS.items():
        data, run_folder = select(faces, out / "data" / name, *which), out / "runs" / name
        run(
            *("-m", "maskwise", "train", data, "--recipe", "reference", "--seed", 0),
            *("--out", run_folder, "--resume"),
        )
        print(row(name, "own test side", judge(run_folder, out / "reports" / name)), flush=True)
        if name in HELD_OUT:
            folder, source = HELD_OUT[name]
            other = select(faces, out / "data" / folder, "--only", source)
            report = out / "reports" / f"{name}-on-{folder}"
            print(row(name, f"**{folder}**", judge(run_folder, report, other)), flush=True)


if __name__ == "__main__":
    main()
