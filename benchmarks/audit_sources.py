"""What is wrong with the popular sets? An audit of each source and of all of them together.

    python benchmarks/audit_sources.py FACES OUT

FACES holds class folders and a manifest that names the source of each picture. Leaves each audit as
OUT/SOURCE/audit.{json,md,html}, and prints the rows of the table in docs/results.md. The pages
hold small copies of pictures: they are for your eyes, not for publication.
"""

import sys
from dataclasses import replace
from pathlib import Path

from maskwise.dataset.audit.findings import Audit
from maskwise.dataset.dataset import Dataset
from maskwise.faces.yunet import FaceScorer

_MIN_PICTURES = 100


def main() -> None:
    """Audit, keep and print."""
    faces, out = Path(sys.argv[1]), Path(sys.argv[2])
    data, scorer = Dataset.open(faces), FaceScorer()
    sources = sorted({sample.source for sample in data.samples})
    for source in (*sources, "all"):
        chosen = [s for s in data.samples if source in (s.source, "all")]
        if len(chosen) < _MIN_PICTURES:
            continue
        found = replace(data, samples=tuple(chosen)).audit(face_score=scorer)
        found.write(out / source)
        print(row(source, found), flush=True)
    print(twins_in_words(data, found))


def twins_in_words(data: Dataset, found: Audit) -> str:
    """How many groups of near-duplicates reach across sources, or are two classes by paint."""
    samples = {sample.path: sample for sample in data.samples}
    groups = [[samples[path] for path in group.paths] for group in found.near_duplicates]
    across = sum(len({sample.source for sample in group}) > 1 for group in groups)
    classes = [group for group in groups if len({sample.label for sample in group}) > 1]
    painted = sum(
        any(sample.attributes.get("synthetic") == "1" for sample in group) for group in classes
    )
    return (
        f"{across} of {len(groups)} groups reach across sources; "
        f"{painted} of {len(classes)} across classes hold a painted mask"
    )


def row(name: str, found: Audit) -> str:
    """A line of the table."""
    copies = sum(len(group.paths) - 1 for group in found.near_duplicates)
    probes = {probe.name: f"{probe.accuracy.value:.1%}" for probe in found.probes}
    majority = max(found.counts.values()) / sum(found.counts.values())
    cells = [
        name,
        " / ".join(str(n) for n in found.counts.values()),
        f"{len(found.near_duplicates)} ({copies / found.n_pictures:.1%})",
        str(sum(group.crosses_classes for group in found.near_duplicates)),
        "-" if found.leak is None else f"{found.leak:.1%}",
        *(probes.get(probe, "-") for probe in ("metadata", "border", "thumbnail")),
        f"{majority:.1%}",
        str(len(found.mislabels)),
        str(len(found.non_faces or ())),
    ]
    return "| " + " | ".join(cells) + " |"


if __name__ == "__main__":
    main()
