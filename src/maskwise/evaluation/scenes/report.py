"""SceneReport: all that is to be said about answers on whole pictures, and its files."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from maskwise.evaluation.scenes.faults import Faults
from maskwise.evaluation.scenes.metrics import SceneMetrics
from maskwise.pages.environment import html_environment, markdown_environment
from maskwise.pages.files import json_text, write_files

FORMAT_VERSION: Final = 1
"""Of `scenes.json`; grows when a reader of the old layout would misread the new one."""

SECTIONS: Final = {
    "figures": "Key figures",
    "classes": "By class",
    "sizes": "By size of the face",
    "faults": "Where most went wrong",
    "facts": "How this was made",
    "meaning": "In plain words",
}
"""The sections of the page in their order, by the name of their template."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SceneReport:
    """How well faces are found and named on whole pictures.

    Attributes:
        title: Which run and which detector on which pictures.
        created: When they were judged, as ISO 8601 in UTC.
        facts: What a reader needs to do it again.
        metrics: The figures.
        faults: The pictures on which most went wrong, the worst first.
        notes: Plain sentences about what the figures do not say; `backticks` mark what is typed.
    """

    title: str
    created: str
    facts: Mapping[str, str]
    metrics: SceneMetrics
    faults: tuple[Faults, ...] = ()
    notes: tuple[str, ...] = ()

    def to_dict(self) -> Mapping[str, Any]:
        """Plain values for JSON.

        `format_version`, `title`, `created`, `facts` and `notes`, then `metrics` as
        `SceneMetrics.to_dict` has them, and `worst_pictures`.
        """
        return {
            "format_version": FORMAT_VERSION,
            "title": self.title,
            "created": self.created,
            "facts": dict(self.facts),
            "notes": list(self.notes),
            "metrics": self.metrics.to_dict(),
            "worst_pictures": [each.to_dict() for each in self.faults],
        }

    def to_json(self) -> str:
        """`to_dict` as JSON in plain ASCII; names of files survive whatever their bytes are."""
        return json_text(self.to_dict())

    def to_markdown(self) -> str:
        """The report as Markdown, for terminals and forges."""
        environment = markdown_environment("maskwise.evaluation.scenes")
        return environment.get_template("scenes.md.j2").render(self._content())

    def to_html(self) -> str:
        """The report as one HTML page with everything in it."""
        environment = html_environment("maskwise.evaluation.scenes")
        return environment.get_template("scenes.html.j2").render(self._content())

    def write(self, folder: Path) -> list[Path]:
        """Write `scenes.json`, `scenes.md` and `scenes.html` into `folder`.

        Returns:
            The paths, in this order.

        Raises:
            OutputFailed: We may not write there or the disk is full; each file is old or new.
        """
        texts = {
            "scenes.json": self.to_json(),
            "scenes.md": self.to_markdown() + "\n",
            "scenes.html": self.to_html(),
        }
        return write_files(folder, texts)

    def _content(self) -> Mapping[str, Any]:
        overall = self.metrics.overall
        return {
            "report": self,
            "metrics": self.metrics,
            "overall": overall,
            "classes": [each for each in overall.per_class if each.support],
            "sizes": [each for each in self.metrics.by_size if each.support or each.false_alarms],
            "sections": SECTIONS,
            "folder": "scenes/",
        }
