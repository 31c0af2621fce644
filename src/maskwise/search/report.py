"""Report: the trainings of a search in one table, with the best of them."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal

from markupsafe import Markup

from maskwise.evaluation.charts import loss_by_trial, loss_by_value
from maskwise.intervals import Estimate, rate
from maskwise.pages.environment import html_environment, markdown_environment
from maskwise.pages.files import json_text, write_files
from maskwise.runs.recipe import Recipe
from maskwise.search.folder import FORMAT_VERSION, REPORT
from maskwise.search.space import Choice, Range, Space, value_text
from maskwise.search.trial import Trial, loss_text

SECTIONS: Final = {
    "plots": "How it went",
    "trials": "All trials",
    "facts": "How this was made",
    "meaning": "In plain words",
}
"""The sections of the page in their order, by the name of their template."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchReport:
    """What a search found so far.

    Attributes:
        title: Which recipe on which data.
        created: When it was written, as ISO 8601 in UTC.
        facts: What a reader needs to do it again.
        recipe: That is searched around.
        seed: Of everything.
        space: What was tried.
        n_validation: Pictures that all trials were compared on.
        n_groups: Of these, how many do not belong together.
        n_test: Pictures that nobody looked at.
        n_asked: Trials that there are to be.
        trials: Those that are done, in their order.
    """

    title: str
    created: str
    facts: Mapping[str, str]
    recipe: Recipe
    seed: int
    space: Space
    n_validation: int
    n_groups: int
    n_test: int
    n_asked: int
    trials: tuple[Trial, ...] = ()

    @property
    def best(self) -> Trial | None:
        """The finished trial with the least loss; of equals the first."""
        finished = [trial for trial in self.trials if trial.is_finished]
        return min(finished, key=lambda trial: trial.history[-1]["val_loss"], default=None)

    def accuracy(self, trial: Trial) -> Estimate:
        """On the validation side, after the last epoch, groups counting as one picture each."""
        n_right = round(trial.history[-1]["val_accuracy"] * self.n_validation)
        return rate(n_right, self.n_validation, effective_n=self.n_groups)

    @property
    def notes(self) -> tuple[str, ...]:
        """What the figures do not say; `backticks` mark what is typed."""
        best, n = self.best, len(self.trials)
        notes = []
        if n < self.n_asked:
            notes.append(
                f"{n} of {self.n_asked} trials are done: run the same with `--resume` to go on."
            )
        if best is not None and n > 1:
            notes.append(
                f"All figures are of the {self.n_validation} pictures of the validation side, "
                f"which were only watched. But they chose the best of {n} trials: its figures "
                "flatter it, the more so the more trials there are."
            )
        if best is not None:
            notes.append(
                f"Nobody looked at the {self.n_test} pictures of the test side. Judge on it the "
                f"best trial alone: `maskwise evaluate {best.run}`. Who judges several and takes "
                "the best has no test side any more."
            )
        return tuple(notes)

    def to_dict(self) -> Mapping[str, Any]:
        """Plain values for JSON.

        `format_version`, `title`, `created`, `facts`, `notes`, `recipe`, `seed`, `space`,
        `n_validation`, `n_test`, `n_asked`, `best` (a number, or None), and `trials`, each with
        `number`, `run`, `values`, `validation_loss`, `validation_accuracy`, `epochs`,
        `is_finished` and `seconds`.
        """
        return {
            "format_version": FORMAT_VERSION,
            "title": self.title,
            "created": self.created,
            "facts": dict(self.facts),
            "notes": list(self.notes),
            "recipe": self.recipe.to_dict(),
            "seed": self.seed,
            "space": {name: _field_to_dict(field) for name, field in self.space.items()},
            "n_validation": self.n_validation,
            "n_test": self.n_test,
            "n_asked": self.n_asked,
            "best": self.best.number if self.best else None,
            "trials": [self._trial_to_dict(trial) for trial in self.trials],
        }

    def _trial_to_dict(self, trial: Trial) -> Mapping[str, Any]:
        return {
            "number": trial.number,
            "run": f"{trial.run.parent.name}/{trial.run.name}",
            "values": dict(trial.values),
            "validation_loss": trial.loss,
            "validation_accuracy": self.accuracy(trial).value,
            "epochs": len(trial.history),
            "is_finished": trial.is_finished,
            "seconds": round(trial.seconds, 1),
        }

    def to_markdown(self) -> str:
        """The report as Markdown, for terminals and forges."""
        environment = markdown_environment("maskwise.search")
        environment.filters.update(value=value_text, figure=loss_text)
        return environment.get_template("tune.md.j2").render(self._content())

    def to_html(self) -> str:
        """The report as one HTML page with everything in it."""
        environment = html_environment("maskwise.search")
        environment.filters.update(value=value_text, figure=loss_text)
        return environment.get_template("tune.html.j2").render(
            self._content(), charts=self._charts(), sections=SECTIONS, folder="search/"
        )

    def write(self, folder: Path) -> list[Path]:
        """Write `tune.json`, `tune.md` and `tune.html` into `folder`.

        Returns:
            The paths, in this order.

        Raises:
            OutputFailed: We may not write there or the disk is full; each file is old or new.
        """
        texts = {
            f"{REPORT}.json": json_text(self.to_dict()),
            f"{REPORT}.md": self.to_markdown() + "\n",
            f"{REPORT}.html": self.to_html(),
        }
        return write_files(folder, texts)

    def _content(self) -> Mapping[str, Any]:
        return {"report": self, "best": self.best, "names": list(self.space)}

    def _charts(self) -> Mapping[str, Markup]:
        """By what they are drawn against; none where there is nothing to draw."""
        losses = [trial.loss for trial in self.trials]
        is_finished = [trial.is_finished for trial in self.trials]
        charts = {"trial": loss_by_trial(losses, is_finished)} if self.trials else {}
        for name, field in self.space.items():
            values = [trial.values[name] for trial in self.trials]
            scale = _scale(field)
            charts[name] = loss_by_value(name, values, losses, is_finished, scale=scale)
        return {name: Markup(chart) for name, chart in charts.items() if chart}


def _scale(field: Range | Choice) -> Literal["linear", "log", "choice"]:
    if isinstance(field, Choice):
        return "choice"
    return "log" if field.is_logarithmic else "linear"


def _field_to_dict(field: Range | Choice) -> Mapping[str, Any]:
    if isinstance(field, Choice):
        return {"values": list(field.values)}
    return {"low": field.low, "high": field.high, "is_logarithmic": field.is_logarithmic}
