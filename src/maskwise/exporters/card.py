"""Card: what a bundle is, for people, from the facts that it holds."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from maskwise.inference.bundle import ModelFile
from maskwise.intervals import Estimate
from maskwise.pages.environment import markdown_environment

_FIGURES: Final = {
    "accuracy": "accuracy",
    "balanced_accuracy": "balanced accuracy",
    "precision": "precision of with_mask",
    "recall": "recall of with_mask",
    "f1": "F1 of with_mask",
    "auroc": "AUROC",
    "ece": "calibration error (ECE)",
}
_SPLITS: Final = {
    "grouped": "near-duplicates and faces of one scene stand on one side",
    "random": "they were shared out at random, so that near-duplicates may stand on several sides",
    "given": "the sides are those that the data set names",
}


def write_card(*, models: Sequence[ModelFile], **facts: Any) -> str:
    """The model card in Markdown.

    Args:
        models: The network for each runtime, with its proof.
        facts: The other fields of a `Bundle`, without `golden`.
    """
    recipe = facts["training"]["recipe"]
    held_out = recipe["held_out_source"]
    split = f"these are all of the source {held_out}" if held_out else _SPLITS[recipe["split"]]
    selective = facts["metrics"].get("selective")
    template = markdown_environment("maskwise.exporters").get_template("card.md.j2")
    return template.render(
        **facts,
        models=models,
        split=split,
        figures=_estimates(facts["metrics"].get("metrics", {})),
        answered=Estimate(**selective["error"]) if selective and selective["answered"] else None,
    )


def _estimates(metrics: Mapping[str, Any]) -> Mapping[str, Estimate]:
    found = {title: metrics.get(name) for name, title in _FIGURES.items()}
    return {title: Estimate(**figure) for title, figure in found.items() if figure}
