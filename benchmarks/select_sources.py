"""Copy the two-class pictures of some sources of a described face collection into class folders.

    python benchmarks/select_sources.py FACES OUT --only chandrikadeb7
    python benchmarks/select_sources.py FACES OUT --without omkargurav_techyhoney

FACES holds pictures and a manifest.csv with the columns file, label, source and group, where a
group is a set of near-duplicates. With `--without`, pictures of other sources that share a group
with the source left out are left out too, so that no near-duplicate stands on both sides.
"""

import argparse
import csv
import shutil
from collections import Counter
from pathlib import Path


def main() -> None:
    """Copy what the command line asks for and say how much it was."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("faces", type=Path)
    parser.add_argument("out", type=Path)
    which = parser.add_mutually_exclusive_group()
    which.add_argument("--only", metavar="SOURCE")
    which.add_argument("--without", metavar="SOURCE")
    arguments = parser.parse_args()

    with (arguments.faces / "manifest.csv").open(encoding="utf-8", newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["label"] != "incorrect"]
    held_out = {row["group"] for row in rows if row["source"] == arguments.without}
    chosen = [
        row
        for row in rows
        if arguments.only in (None, row["source"]) and row["group"] not in held_out
    ]
    for row in chosen:
        target = arguments.out / row["file"]
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(arguments.faces / row["file"], target)
    print(f"{arguments.out}: {dict(Counter(row['label'] for row in chosen))}")


if __name__ == "__main__":
    main()
