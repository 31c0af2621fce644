"""Page: an audit as people read it, as one HTML file, as Markdown or as plain text.

The templates hold what is said and in which order: one file per section of the HTML page.
"""

import textwrap
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

from maskwise.dataset.audit.concerns import Concern, find_concerns
from maskwise.labels import LABELS, label_words
from maskwise.names import legible
from maskwise.pages.environment import html_environment, markdown_environment

if TYPE_CHECKING:
    from maskwise.dataset.audit.findings import Audit

SECTIONS: Final = {
    "figures": "At a glance",
    "concerns": "What is wrong",
    "remedies": "What to do",
    "probes": "What gives the classes away",
    "counts": "Classes and sources",
    "near_duplicates": "The same shot again",
    "mislabels": "Doubtful labels",
    "non_faces": "No face to be seen",
    "files": "Files, scenes and annotations",
}
"""The sections of the page in their order, by the name of their template.

`non_faces` is there only if some were found: an audit need not look for them.
"""

PROBES: Final = {
    "metadata": (
        "File metadata",
        "Size, format and compression of the file, not one pixel. Far above the mark, the classes "
        "were collected in different ways, and a network can learn that instead of masks.",
    ),
    "border": (
        "Border",
        "The outer ring of the picture, without the face. Far above the mark, the background "
        "gives the class away.",
    ),
    "thumbnail": (
        "Thumbnail",
        "All of the picture at 32 by 32 pixels. It does show the face, so it may well be right; "
        "far above the mark, colour and rough shape suffice here, and a good result on this set "
        "says little about harder pictures.",
    ),
}
"""What each probe was shown, in words, and what it means if it is right too often."""

_NONE: Final = "Nothing was found that would fool a training"
_UNPROBED: Final = "Too few pictures to look for doubtful labels and what gives classes away."

_SHOWN_GROUPS: Final = 60
_SHOWN_COPIES: Final = 6
_SHOWN_SUSPECTS: Final = 48
_SHOWN_LINES: Final = 50
_SHOWN_IN_MARKDOWN: Final = 20
_SHOWN_IN_TEXT: Final = 5
_SHOWN_REMEDIES: Final = 3
_WIDTH: Final = 88


def render_html(audit: "Audit") -> str:
    """The audit as an HTML page that loads nothing, runs nothing and asks nobody."""
    environment = html_environment("maskwise.dataset.audit")
    sections = {
        name: title for name, title in SECTIONS.items() if name != "non_faces" or audit.non_faces
    }
    environment.globals.update(sections=sections, folder="sections/")
    content = _content(audit)
    return environment.get_template("audit.html.j2").render(
        content,
        groups=content["groups"][:_SHOWN_GROUPS],
        most_suspects=_SHOWN_SUSPECTS,
        most_lines=_SHOWN_LINES,
    )


def render_markdown(audit: "Audit") -> str:
    """The audit as Markdown with the tables of GitHub; names of files are code."""
    environment = markdown_environment("maskwise.dataset.audit")
    return environment.get_template("audit.md.j2").render(_content(audit), most=_SHOWN_IN_MARKDOWN)


def render_text(audit: "Audit") -> str:
    """What is wrong, the worst first, in at most 25 lines of plain text."""
    counts = ", ".join(f"{n} {words}" for _, words, n in _classes(audit.counts)) or "none"
    return "\n".join(
        [
            f"Audit of {legible(audit.root)}",
            f"{audit.n_faces} faces in {audit.n_pictures} pictures: {counts}",
            "",
            *_text_of(find_concerns(audit)),
            *([] if audit.probes else ["", _UNPROBED]),
        ]
    )


def shown_paths(audit: "Audit") -> Sequence[str]:
    """The pictures of which the page shows a small copy, if `thumbnails_jpeg` has it."""
    groups = audit.near_duplicates[:_SHOWN_GROUPS]
    copies = (path for group in groups for path in group.paths[:_SHOWN_COPIES])
    suspects = (
        *audit.mislabels[:_SHOWN_SUSPECTS],
        *(audit.non_faces or ())[:_SHOWN_SUSPECTS],
    )
    return list(dict.fromkeys((*copies, *(suspect.path for suspect in suspects))))


def _content(audit: "Audit") -> Mapping[str, Any]:
    concerns = find_concerns(audit)
    return {
        "audit": audit,
        "concerns": concerns,
        "verdict": concerns[0].title if concerns else _NONE,
        "unprobed": None if audit.probes else _UNPROBED,
        "remedies": list(dict.fromkeys(concern.remedy for concern in concerns)),
        "probe_words": PROBES,
        "classes": list(_classes(audit.counts)),
        "groups": audit.near_duplicates,
        "most_copies": _SHOWN_COPIES,
        "listings": _listings(audit),
    }


def _listings(audit: "Audit") -> Mapping[str, tuple[str, str, Sequence[tuple[str, str]]]]:
    """By title the headings of two columns and the rows of what is wrong with files and scenes."""
    return {
        "Scenes on two sides of the given split": (
            *("Scene", "Sides"),
            [(scene, ", ".join(sides)) for scene, sides in audit.split_scenes.items()],
        ),
        "Groups on two sides of the given split": (
            *("First picture", "Sides"),
            [
                (group.paths[0], f"{len(group.paths)} pictures: {', '.join(group.sides)}")
                for group in audit.parted_groups
            ],
        ),
        "Faces with two classes": (
            *("File", "Classes"),
            [
                (path, ", ".join(map(label_words, face.labels)))
                for face in audit.contradictions
                for path in face.paths
            ],
        ),
        "Files that cannot be used": (
            *("File", "Why"),
            [(file.path, file.reason) for file in audit.unreadable],
        ),
        "Names that claim another format": (
            *("File", "What it is"),
            [(picture.path, picture.kind) for picture in audit.misnamed],
        ),
        "Problems in annotations": (
            *("Where", "What"),
            [(problem.where, problem.reason) for problem in audit.problems],
        ),
        "Pictures without a class": (
            *("File", "What"),
            [(path, "no class is known") for path in audit.unlabelled],
        ),
    }


def _text_of(concerns: Sequence[Concern]) -> Iterator[str]:
    if not concerns:
        yield f"{_NONE}."
        return
    worst, *others = concerns
    yield f"{worst.title}:"
    yield f"{worst.figure}."
    yield from textwrap.wrap(worst.why, _WIDTH)
    if others:
        yield from ("", "Also:")
    for concern in others[:_SHOWN_IN_TEXT]:
        yield f"- {concern.title}: {concern.figure}"
    if len(others) > _SHOWN_IN_TEXT:
        yield f"- and {len(others) - _SHOWN_IN_TEXT} more"
    yield from ("", "What to do:")
    remedies = dict.fromkeys(concern.remedy.replace("`", "") for concern in concerns)
    for remedy in list(remedies)[:_SHOWN_REMEDIES]:
        yield from textwrap.wrap(remedy, _WIDTH, initial_indent="- ", subsequent_indent="  ")


def _classes(counts: Mapping[str, int]) -> Iterator[tuple[int, str, int]]:
    """Class number, words and count of each class that has a face, in the order of `LABELS`."""
    for label, name in enumerate(LABELS):
        if counts.get(name):
            yield label, label_words(label), counts[name]
