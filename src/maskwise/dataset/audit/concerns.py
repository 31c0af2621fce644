"""Concerns: what of an audit would fool a training or those who read its results, in words."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal

from maskwise.dataset.audit import remedies
from maskwise.labels import LABELS, label_words
from maskwise.pages.wording import share_text

if TYPE_CHECKING:
    from maskwise.dataset.audit.findings import Audit

About = Literal["probes", "counts", "near_duplicates", "mislabels", "non_faces", "files"]
"""The parts of an audit; its page has a section of this name for each."""

_RARE: Final = 0.2  # of the commonest class

# Not the thumbnail: it does show the face.
_TELLING: Final = {
    "metadata": (
        "File metadata gives the class away",
        "without a look at any pixel",
        "A network can learn how the pictures of each class were made, their size, format and "
        "compression, and fail on pictures from elsewhere.",
    ),
    "border": (
        "The background gives the class away",
        "from the border alone",
        "A network can learn what is around the faces of each class, and fail on pictures from "
        "elsewhere.",
    ),
}


@dataclass(frozen=True, slots=True)
class Concern:
    """Something that is wrong with a data set.

    Attributes:
        title: What it is, in a few words.
        figure: How much of it there is.
        why: What it does to a training or to figures.
        remedy: What to do; `backticks` mark what is typed.
        share: How much of the set or of a test it touches, from 0 to 1.
        about: Which part of the audit shows it.
    """

    title: str
    figure: str
    why: str
    remedy: str
    share: float
    about: About


def find_concerns(audit: "Audit") -> tuple[Concern, ...]:
    """All that is wrong: first what fools a training, then what it only lacks.

    Each of the two kinds begins with what touches the largest share.
    """
    return (*_worst_first(_FOOLING, audit), *_worst_first((_lacking,), audit))


def _leaking_sides(audit: "Audit") -> Iterator[Concern]:
    groups = [group for group in audit.near_duplicates if group.crosses_sides]
    scenes, parted = audit.split_scenes, audit.parted_groups
    if groups or scenes or parted:
        known = [
            *([_count(len(groups), "group") + " of near-duplicates"] if groups else []),
            *([_count(len(scenes), "scene")] if scenes else []),
        ]
        whole = f"{_count(len(parted), 'group')} of pictures that belong together"
        found = " and ".join(known if known and not parted else [whole])
        touched = {path for group in groups for path in group.paths}
        touched |= {path for group in parted for path in group.paths}
        yield Concern(
            title="The given split leaks",
            figure=f"{found} on two sides"
            + (f", among them {' and '.join(known)}" if known and parted else ""),
            why="A test on this split asks in part for what was seen in training, and flatters.",
            remedy=remedies.GROUP,
            share=_share(len(touched) or sum(map(len, scenes.values())), audit.n_pictures),
            about="near_duplicates" if groups else "files",
        )


def _telling_probes(audit: "Audit") -> Iterator[Concern]:
    for probe in audit.probes:
        accuracy, majority = probe.accuracy.value, probe.majority_share
        if probe.name in _TELLING and probe.beats_majority and accuracy is not None:
            title, without, why = _TELLING[probe.name]
            yield Concern(
                title=title,
                figure=f"{share_text(accuracy)} right {without}, "
                f"{share_text(majority)} by always naming the commonest class",
                why=why,
                remedy=_elsewhere(audit),
                share=(accuracy - majority) / (1 - majority),
                about="probes",
            )


def _leaking_at_random(audit: "Audit") -> Iterator[Concern]:
    if audit.leak:
        yield Concern(
            title="A random split leaks",
            figure=f"{share_text(audit.leak)} of its test pictures have a near-duplicate or a "
            "scene-mate among the others",
            why="Split at random, as the reference recipe does, the test asks in part for what was "
            "seen in training, and flatters.",
            remedy=remedies.GROUP,
            share=audit.leak,
            about="near_duplicates",
        )


def _copies(audit: "Audit") -> Iterator[Concern]:
    copies = sum(len(group.paths) - 1 for group in audit.near_duplicates)
    if copies and not audit.leak:
        yield Concern(
            title="Some pictures are copies",
            figure=f"{_count(copies, 'near-duplicate')} of {_count(audit.n_pictures, 'picture')}",
            why="What stands there twice counts twice, and a random split can put one copy into "
            "training and one into the test.",
            remedy=remedies.FIX,
            share=_share(copies, audit.n_pictures),
            about="near_duplicates",
        )


def _contradictions(audit: "Audit") -> Iterator[Concern]:
    groups = [group for group in audit.near_duplicates if group.crosses_classes]
    if groups:
        touched = sum(len(group.paths) for group in groups)
        yield Concern(
            title="The same shot stands in two classes",
            figure=f"{_count(len(groups), 'group')} with {_count(touched, 'picture')}",
            why="Either a label is wrong, which teaches and measures nonsense, or a mask was "
            "painted onto a copy, which teaches the paint.",
            remedy=remedies.LOOK,
            share=_share(touched, audit.n_pictures),
            about="near_duplicates",
        )


def _two_classes(audit: "Audit") -> Iterator[Concern]:
    n = len(audit.contradictions)
    if n:
        touched = {path for face in audit.contradictions for path in face.paths}
        yield Concern(
            title="The same face has two classes",
            figure=f"{_count(n, 'face')} in {_count(len(touched), 'file')}",
            why="One of the labels is wrong, and no training starts before it is gone.",
            remedy=remedies.FIX,
            share=_share(len(touched), audit.n_pictures),
            about="files",
        )


def _telling_sources(audit: "Audit") -> Iterator[Concern]:
    sources = _named_sources(audit)
    uniform = [counts for counts in sources.values() if sum(n > 0 for n in counts.values()) == 1]
    if uniform and sum(n > 0 for n in audit.counts.values()) > 1:
        yield Concern(
            title="Sources give the class away",
            figure=f"{len(uniform)} of {_count(len(sources), 'source')} "
            f"{'has' if len(uniform) == 1 else 'have'} one class only",
            why="A network can learn how the pictures of a source look instead of masks.",
            remedy=_elsewhere(audit),
            share=_share(sum(sum(counts.values()) for counts in uniform), audit.n_faces),
            about="counts",
        )


def _wrong_labels(audit: "Audit") -> Iterator[Concern]:
    n = len(audit.mislabels)
    if n:
        yield Concern(
            title="Some labels look wrong",
            figure=f"{n} of {_count(audit.n_faces, 'face')}",
            why="Wrong labels teach mistakes, and in a test they count right answers as wrong.",
            remedy=remedies.LOOK,
            share=_share(n, audit.n_faces),
            about="mislabels",
        )


def _no_faces(audit: "Audit") -> Iterator[Concern]:
    n = len(audit.non_faces or ())
    if n:
        yield Concern(
            title="Some pictures seem to show no face",
            figure=f"{n} of {_count(audit.n_pictures, 'picture')}",
            why="There is nothing on them to learn or to measure, whatever their label says.",
            remedy=remedies.LOOK,
            share=_share(n, audit.n_pictures),
            about="non_faces",
        )


def _imbalance(audit: "Audit") -> Iterator[Concern]:
    present = {name: n for name, n in audit.counts.items() if n > 0}
    if len(present) < 2:
        yield Concern(
            title="There is nothing to tell apart",
            figure=f"{_count(audit.n_faces, 'face')}, "
            + (f"all “{_words(next(iter(present)))}”" if present else "of no known class"),
            why="A network needs at least two classes.",
            remedy=remedies.COLLECT,
            share=1.0,
            about="counts",
        )
    elif min(present.values()) < _RARE * max(present.values()):
        rarest = min(present, key=lambda name: present[name])
        commonest = _share(max(present.values()), audit.n_faces)
        yield Concern(
            title="The classes are out of balance",
            figure=f"{present[rarest]} of {_count(audit.n_faces, 'face')} “{_words(rarest)}”",
            why=f"Accuracy says little: always naming the commonest class is right on "
            f"{share_text(commonest)}. Read balanced accuracy and the recall of each class.",
            remedy=remedies.COLLECT,
            share=commonest - 1 / len(present),
            about="counts",
        )


def _lacking(audit: "Audit") -> Iterator[Concern]:
    """What fools nobody, but takes no part or may trip others: counted only."""
    rows = (
        (
            len(audit.unreadable),
            len(audit.unreadable) + audit.n_pictures,
            "Some files cannot be used",
            "file",
            "They take no part, and other programs may stumble over them.",
            remedies.FIX,
        ),
        (
            len(audit.misnamed),
            audit.n_pictures,
            "Some names claim another format",
            "picture",
            "Programs that go by the name fail on them or read them in another way.",
            remedies.RENAME,
        ),
        (
            len(audit.problems),
            len(audit.problems) + audit.n_faces,
            "Annotations are wrong in places",
            "problem",
            "What they speak of takes no part.",
            remedies.ANNOTATE,
        ),
        (
            len(audit.unlabelled),
            len(audit.unlabelled) + audit.n_pictures,
            "Some pictures have no class",
            "picture",
            "They take no part.",
            remedies.ANNOTATE,
        ),
    )
    for n, whole, title, noun, why, remedy in rows:
        if n:
            yield Concern(title, _count(n, noun), why, remedy, _share(n, whole), about="files")


_Finder = Callable[["Audit"], Iterator[Concern]]

_FOOLING: Final[tuple[_Finder, ...]] = (
    _leaking_sides,
    _telling_probes,
    _leaking_at_random,
    _copies,
    _contradictions,
    _two_classes,
    _telling_sources,
    _wrong_labels,
    _no_faces,
    _imbalance,
)


def _worst_first(finders: Sequence[_Finder], audit: "Audit") -> Sequence[Concern]:
    found = (concern for find in finders for concern in find(audit))
    return sorted(found, key=lambda concern: -concern.share)


def _named_sources(audit: "Audit") -> Mapping[str, Mapping[str, int]]:
    return {name: counts for name, counts in audit.counts_by_source.items() if name}


def _elsewhere(audit: "Audit") -> str:
    return remedies.HOLD_OUT if len(_named_sources(audit)) > 1 else remedies.ELSEWHERE


def _share(part: int, whole: int) -> float:
    return min(part / whole, 1.0) if whole else 0.0


def _count(n: int, noun: str) -> str:
    return f"{n} {noun}" if n == 1 else f"{n} {noun}s"


def _words(name: str) -> str:
    return label_words(LABELS.index(name))
