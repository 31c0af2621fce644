"""Card: what a bundle is, for people, from the facts that it holds."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from markupsafe import Markup

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
_MIN_PART: Final = 20
"""Of fewer faces nothing can be said on a card."""
_SPLITS: Final = {
    "grouped": "near-duplicates and faces of one scene stand on one side",
    "random": "they were shared out at random, so that near-duplicates may stand on several sides",
    "given": "the sides are those that the data set names",
}


def write_card(*, models: Sequence[ModelFile], about: str = "", **facts: Any) -> str:
    """The model card in Markdown.

    Args:
        models: The network for each runtime, with its proof.
        about: What else its makers have to say, in Markdown; stands in the card as it is.
        facts: The other fields of a `Bundle`, without `golden`.
    """
    recipe = facts["training"]["recipe"]
    held_out = recipe["held_out_source"]
    split = f"these are all of the source {held_out}" if held_out else _SPLITS[recipe["split"]]
    metrics = facts["metrics"]
    selective, strict = metrics.get("selective"), metrics.get("strict")
    robustness = metrics.get("robustness") or {}
    template = markdown_environment("maskwise.exporters").get_template("card.md.j2")
    return template.render(
        **facts,
        models=models,
        about=Markup(about.strip()),
        split=split,
        figures=_estimates(metrics.get("metrics", {})),
        answered=Estimate(**selective["error"]) if selective and selective["answered"] else None,
        strict={name: Estimate(**share) for name, share in strict.items()} if strict else None,
        slices=[_slice(part) for part in metrics.get("slices", ()) if part["n"] >= _MIN_PART],
        clean=Estimate(**robustness["clean"]) if robustness else None,
        corrupted=robustness.get("corrupted", {}),
        mean_loss=robustness.get("mean_loss_points", ()),
        reliability=[
            {**each, "accuracy": Estimate(**each["accuracy"])}
            for each in metrics.get("metrics", {}).get("reliability", ())
        ],
    )


def _estimates(metrics: Mapping[str, Any]) -> Mapping[str, Estimate]:
    found = {title: metrics.get(name) for name, title in _FIGURES.items()}
    return {title: Estimate(**figure) for title, figure in found.items() if figure}


def _slice(part: Mapping[str, Any]) -> Mapping[str, Any]:
    recalls = [Estimate(**share) for share in part["recall"].values()]
    return {**part, "accuracy": Estimate(**part["accuracy"]), "recalls": recalls}
