"""Audits to show, with names that a reader should not be fooled by."""

from pathlib import Path

from maskwise.dataset.audit.contradictions import Contradiction
from maskwise.dataset.audit.findings import Audit, DuplicateGroup, Misnamed, Probe, Suspect
from maskwise.dataset.audit.parted import PartedGroup
from maskwise.dataset.samples import Problem, Rejected
from reports import THUMBNAIL

HOSTILE = 'without_mask/"onload=x\u202egpj.\x1b[31m\udcff`|.jpg'
SCRIPT = "with_mask/<script>alert(1)</script>.jpg"


def hostile_audit() -> Audit:
    """Of 400 faces in 390 pictures; something of everything is wrong."""
    return Audit(
        root=Path("/data/\udcff|<i>faces</i>\u202e"),
        created="2026-11-23T14:31:07+00:00",
        n_pictures=390,
        counts={"without_mask": 170, "with_mask": 200, "incorrect": 30},
        counts_by_source={
            "<b>one</b>\u202e|": {"without_mask": 170, "with_mask": 180, "incorrect": 30},
            "two": {"with_mask": 20},
        },
        unreadable=(Rejected(HOSTILE, "not a picture: <html>"),),
        unlabelled=("stray/`a|b`.jpg",),
        problems=(Problem("a.xml:12", "unknown class <mask>"),),
        misnamed=(Misnamed("with_mask/a.jpg", "PNG"), Misnamed(SCRIPT, "WebP")),
        exact_duplicates=(("with_mask/a.jpg", "with_mask/b.jpg"),),
        near_duplicates=(
            DuplicateGroup((SCRIPT, HOSTILE, "without_mask/äöü 顔.jpg"), (0, 1), (), False),
            DuplicateGroup(("with_mask/c.jpg", "with_mask/d.jpg"), (1,), ("train", "test"), False),
            DuplicateGroup(("with_mask/a.jpg", "with_mask/b.jpg"), (1,), (), is_exact=True),
        ),
        contradictions=(Contradiction((SCRIPT, HOSTILE), None, (0, 1)),),
        parted_groups=(PartedGroup((HOSTILE, "with_mask/c.jpg"), ("train", "<te|st>")),),
        split_scenes={"scene\u202e <1>": ("train", "<te|st>")},
        mislabels=(
            Suspect(SCRIPT, None, 1, 0.98, likelier=0),
            Suspect(HOSTILE, (1, 2, 30, 40), 0, 0.9, likelier=2),
        ),
        non_faces=(Suspect("with_mask/product.jpg", None, 1, 0.7),),
        probes=(
            Probe("metadata", right=360, n=400, majority=200),
            Probe("border", right=210, n=400, majority=200),
            Probe("thumbnail", right=300, n=400, majority=200),
        ),
        leak=0.11,
        thumbnails_jpeg={SCRIPT: THUMBNAIL, HOSTILE: THUMBNAIL},
    )


def clean_audit() -> Audit:
    """Of 200 faces with which nothing is wrong."""
    return Audit(
        root=Path("/data/clean"),
        created="2026-11-23T14:31:07+00:00",
        n_pictures=200,
        counts={"without_mask": 100, "with_mask": 100},
        probes=(Probe("metadata", right=104, n=200, majority=100),),
        leak=0.0,
    )
