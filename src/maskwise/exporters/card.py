"""Card: what a bundle is, for people, from the facts that it holds."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from maskwise.inference.bundle import ModelFile
from maskwise.inference.decision import DecisionRule
from maskwise.inference.quality import QualityRule
from maskwise.labels import LABELS
from maskwise.preprocess import PreprocessSpec

_FIGURES: Final = ("accuracy", "balanced_accuracy", "macro_f1", "precision", "recall", "f1", "ece")

_USE: Final = """\
## What it is for

Telling for each face in a picture whether a mask is worn over nose and mouth. Its answers are
meant as a hint to people: to count, to remind, to look again.

It is not for recognising anybody, not for certifying protective equipment, not for judging
health or feelings, and not as the only ground for measures against a person. Scarves, hands,
beards, niqabs and cups over the mouth can be taken for masks; so can masks that are worn under
the nose be taken for masks that are worn rightly. How good it is on your cameras only your own
pictures can tell: `maskwise evaluate` judges on them.
"""

_PRIVACY: Final = """\
## Privacy

It runs where it is installed, sends nothing, and keeps no picture. It gives out no identity, age,
sex, origin or feeling, and was not trained on any of these.
"""


def write_card(
    *,
    name: str,
    version: str,
    licence: str,
    labels: Sequence[int],
    preprocess: PreprocessSpec,
    rule: DecisionRule,
    quality: QualityRule,
    detector: Mapping[str, str],
    training: Mapping[str, Any],
    metrics: Mapping[str, Any],
    created_with: Mapping[str, str],
    models: Sequence[ModelFile],
) -> str:
    """The model card in Markdown."""
    height, width = preprocess.size_hw
    return "\n".join(
        [
            f"# {name}, version {version}",
            "",
            f"Input: a face, RGB, {height}x{width} pixels, divided by {preprocess.divisor:g}. "
            f"Output: probabilities of {', '.join(LABELS[label] for label in labels)}. "
            f"Recipe: {training['recipe']['name']}. Licence of the weights: {licence}.",
            "",
            _USE,
            _answers(rule, quality, detector),
            _data(training),
            _results(metrics),
            _files(models),
            _PRIVACY,
            "## Made with",
            "",
            *(f"- {library} {number}" for library, number in created_with.items()),
            "",
        ]
    )


def _answers(rule: DecisionRule, quality: QualityRule, detector: Mapping[str, str]) -> str:
    promise = "It answers every face that can be seen well enough."
    if rule.max_error is not None:
        promise = (
            f"It was chosen on {rule.n} groups of validation pictures so that at most "
            f"{rule.max_error:.1%} of what is answered is wrong (confidence {rule.confidence:.0%})."
            if rule.guaranteed
            else f"Validation pictures did not suffice to promise {rule.max_error:.1%} of errors: "
            "nothing is answered."
        )
    return (
        "## How it answers\n\n"
        f"Faces are found by {detector['faces']} in the mode {detector['mode']}. Probabilities are "
        f"calibrated (temperature {rule.temperature:.3f}). A face is answered *unsure* where the "
        f"best class has less than {rule.min_probability:.1%}, where its shorter side has less "
        f"than {quality.min_side_px:g} pixels, where it is too blurred (sharpness below "
        f"{quality.min_sharpness:g}) or cut off by the border of the picture. {promise}\n"
    )


def _data(training: Mapping[str, Any]) -> str:
    rows = [
        f"| {source} | " + " | ".join(str(counts.get(name, 0)) for name in LABELS) + " |"
        for source, counts in training["train_by_source"].items()
    ]
    return "\n".join(
        [
            "## Trained on",
            "",
            f"{training['n_train']} faces; {training['n_validation']} more were watched and "
            f"calibrated on, {training['n_test']} were set aside to judge on. Near-duplicates and "
            "faces of one scene stand on one side. The pictures are from public research and hobby "
            "collections; nobody has cleared the rights in them, and none of them is in here.",
            "",
            f"| source | {' | '.join(LABELS)} |",
            "| --- | ---: | ---: | ---: |",
            *rows,
            "",
        ]
    )


def _results(metrics: Mapping[str, Any]) -> str:
    if "metrics" not in metrics:
        return "## How good it is\n\nNot judged yet.\n"
    judged = metrics["metrics"]
    rows = [
        f"| {figure} | {judged[figure]['value']:.3f} "
        f"| {judged[figure]['low']:.3f} to {judged[figure]['high']:.3f} |"
        for figure in _FIGURES
        if isinstance(judged.get(figure), Mapping) and judged[figure].get("low") is not None
    ]
    return "\n".join(
        [
            "## How good it is",
            "",
            f"On {judged['n']} faces set aside from the same sources, all of them answered. On "
            "pictures from elsewhere expect less.",
            "",
            "| figure | value | 95 % interval |",
            "| --- | ---: | --- |",
            *rows,
            "",
        ]
    )


def _files(models: Sequence[ModelFile]) -> str:
    rows = [
        f"| {', '.join(model.files) if len(model.files) < 3 else model.runtime} "
        f"| {model.precision} | {model.proof['largest_difference']:.2g} "
        f"| {model.proof['changed_answers']} of {model.proof['n']} |"
        for model in models
    ]
    return "\n".join(
        [
            "## Files",
            "",
            "Each was run after it was made and compared with the network that was trained.",
            "",
            "| file | precision | largest difference of a probability | answers changed |",
            "| --- | --- | ---: | ---: |",
            *rows,
            "",
        ]
    )
