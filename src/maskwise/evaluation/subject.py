"""Subject: the network that is judged, be it that of a run or of a bundle."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Self

from maskwise.dataset.dataset import Dataset
from maskwise.dataset.reading import Progress
from maskwise.errors import InvalidInput
from maskwise.evaluation.unseen import unseen_pictures
from maskwise.extras import load
from maskwise.inference.bundle import Bundle, has_bundle, model_folder
from maskwise.inference.classifier import MaskClassifier
from maskwise.inference.decision import DecisionRule
from maskwise.inference.pipeline import read_rule
from maskwise.inference.runtimes import open_session
from maskwise.labels import LABELS
from maskwise.names import legible
from maskwise.runs.run import Run

_RUNTIME: Final = "onnx"


@dataclass(frozen=True, slots=True)
class Subject:
    """A network that can be judged, with how it answers.

    Attributes:
        model: Where it comes from.
        name: As reports call it.
        labels: Class numbers in the order of its outputs.
        facts: What a reader needs to find or make it again.
    """

    model: Run | Bundle
    name: str
    labels: tuple[int, ...]
    facts: Mapping[str, str]

    @classmethod
    def open(cls, model: "str | os.PathLike[str] | Run | Subject") -> "Subject":
        """Find what is to be judged.

        Args:
            model: A run or its folder, the folder of a bundle, or `shipped` for the bundle that
                comes with maskwise; what is open already stays as it is.

        Raises:
            BadRun: There is neither run nor bundle, or the run is damaged.
            BadBundle: The bundle is damaged or was changed.
        """
        if isinstance(model, Subject):
            return model
        if isinstance(model, Run):
            return cls._of_run(model)
        folder = model_folder(model)
        if has_bundle(folder):
            return cls._of_bundle(Bundle.open(folder))
        return cls._of_run(Run.open(folder))

    @classmethod
    def _of_run(cls, run: Run) -> Self:
        split = run.read_split()
        facts = {
            "Recipe": run.recipe.name,
            "Classes": _in_words(run.recipe.labels),
            "Epochs": str(run.recipe.epochs),
            "Seed": str(run.seed),
            "Trained from": legible(run.data_folder),
            "Trained on": f"{len(split.train)} pictures, watched on {len(split.validation)}",
            **{f"Trained with {name}": value for name, value in run.environment.items()},
        }
        return cls(run, run.recipe.name, run.recipe.labels, facts)

    @classmethod
    def _of_bundle(cls, bundle: Bundle) -> Self:
        facts = {
            "Bundle": f"{bundle.name}, version {bundle.version}",
            "Classes": _in_words(bundle.labels),
            "Network": f"{_RUNTIME} {bundle.find(_RUNTIME).precision}",
        }
        return cls(bundle, bundle.name, bundle.labels, facts)

    @property
    def run(self) -> Run | None:
        """The run, if it is one."""
        return self.model if isinstance(self.model, Run) else None

    def require_run(self) -> Run:
        """The run, which has a test side to be judged on.

        Raises:
            InvalidInput: It is a bundle, and has none.
        """
        if self.run is None:
            raise InvalidInput("`data` must name pictures to judge a bundle on. Received: none.")
        return self.run

    def load(self) -> tuple[MaskClassifier, DecisionRule]:
        """The network and the rule by which it answers, as users get them.

        Raises:
            BadRun: The run is unfinished or damaged.
            BadBundle: The model of the bundle was changed, or is not what the bundle says.
            InvalidInput: The bundle holds no model in ONNX.
            MissingExtra: TensorFlow, which a run needs, is not installed.
        """
        if isinstance(self.model, Run):
            return load_classifier(self.model), read_rule(self.model)
        session = open_session(self.model, runtime=_RUNTIME)
        classifier = MaskClassifier(session, self.model.preprocess, n_classes=len(self.labels))
        return classifier, self.model.rule

    def unseen(
        self, data: Dataset | str | os.PathLike[str], on_progress: Progress | None = None
    ) -> tuple[Dataset, tuple[str, ...]]:
        """The pictures it can be judged on, and what is to be said about them.

        Raises:
            BadDataset: The same picture stands in two classes, or nothing is left to judge on.
        """
        runs = [self.model] if isinstance(self.model, Run) else []
        kept, notes = unseen_pictures(
            runs, data, labels=self.labels, who="the network", on_progress=on_progress
        )
        if isinstance(self.model, Run):
            return kept, notes
        told = (
            "A bundle does not hold what it was trained on, so copies of that among these pictures "
            "could not be left out: see its model card for where its training came from."
        )
        return kept, (*notes, told)


def load_classifier(run: Run) -> MaskClassifier:
    """The network of a finished run, as users get it.

    Raises:
        BadRun: The run is unfinished or damaged.
        MissingExtra: TensorFlow is not installed.
    """
    runtime = load("maskwise.inference.runtime_keras", extra="train")
    session, recipe = runtime.KerasSession.load(run), run.recipe
    return MaskClassifier(session, recipe.preprocess, n_classes=len(recipe.labels))


def _in_words(labels: tuple[int, ...]) -> str:
    return ", ".join(LABELS[label] for label in labels)
