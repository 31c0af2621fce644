"""Ways: how a data set can be split, so that one recipe can be tried under each."""

import hashlib
import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from maskwise.dataset.dataset import Dataset
from maskwise.dataset.samples import Sample
from maskwise.errors import BadDataset
from maskwise.labels import LABELS
from maskwise.names import legible
from maskwise.runs.recipe import Recipe
from maskwise.training.sides import find_sides

_UNSAFE: Final = re.compile(r"[^\w.-]+")
_MOST_BYTES: Final = 255  # that file systems allow in a name
_LONGEST: Final = 60
_SPLITS: Final = {
    "random": "random split",
    "grouped": "grouped split",
}


@dataclass(frozen=True, slots=True)
class Way:
    """One way to split a data set.

    Attributes:
        name: For people; `source NAME` if that source is held out.
        folder: What its run folder is called.
        split: As in a recipe.
        held_out_source: As in a recipe; empty for none.
    """

    name: str
    folder: str
    split: str
    held_out_source: str = ""


def list_ways(data: Dataset) -> tuple[Way, ...]:
    """At random, by group, and with each source held out in turn.

    Raises:
        BadDataset: The data names fewer than two sources.
    """
    sources = sorted({sample.source for sample in data.samples} - {""})
    if len(sources) < 2:
        raise BadDataset(
            f"{legible(data.root)} names {len(sources)} sources, but to hold one out takes two. "
            "Name them in a column `source` of manifest.csv."
        )
    return (
        *(Way(words, split, split) for split, words in _SPLITS.items()),
        *(
            Way(f"source {source}", folder, "grouped", source)
            for source, folder in _folders(sources).items()
        ),
    )


def try_ways(
    ways: Sequence[Way],
    samples: Sequence[Sample],
    recipe: Recipe,
    *,
    seed: int,
    is_begun: Callable[[Way], bool],
) -> tuple[Sequence[Way], Mapping[str, str]]:
    """Which ways can be gone, so that none fails after hours of training under the others.

    Args:
        ways: As `list_ways` gives them.
        samples: Of the recipe's classes, each with its `group`.
        recipe: What is to be trained.
        seed: Of the splits.
        is_begun: Whether a way has its split already, and need not be tried.

    Returns:
        Those ways, and of each source that cannot be held out, why.

    Raises:
        BadDataset: The samples cannot be split at random or by group.
    """
    reasons = {way: _why_not(way, samples, recipe, seed) for way in ways if not is_begun(way)}
    skipped = {way.held_out_source: reason for way, reason in reasons.items() if reason}
    return [way for way in ways if not reasons.get(way)], skipped


def _why_not(way: Way, samples: Sequence[Sample], recipe: Recipe, seed: int) -> str:
    """Why a source cannot be held out; empty if it can."""
    source = way.held_out_source
    elsewhere = {sample.label for sample in samples if sample.source != source}
    if source and (missing := _named(set(recipe.labels) - elsewhere)):
        return f"no other source has {missing}"
    own = replace(recipe, split=way.split, held_out_source=source)
    try:
        train = find_sides(samples, own, seed=seed).train
    except BadDataset as error:
        if not source:
            raise
        return str(error)
    if source and (missing := _named(set(recipe.labels) - {sample.label for sample in train})):
        return f"every picture of {missing} in another source belongs to one of this source"
    return ""


def _named(labels: set[int]) -> str:
    return " or ".join(LABELS[label] for label in sorted(labels))


def _folders(sources: Sequence[str]) -> Mapping[str, str]:
    """A folder for each source that no other one can have, also where case does not count."""
    n_alike = Counter(source.casefold() for source in sources)
    return {
        source: _folder(source, is_unique=n_alike[source.casefold()] == 1) for source in sources
    }


def _folder(source: str, *, is_unique: bool) -> str:
    safe = _UNSAFE.sub("-", source)
    if safe == source and is_unique and len(f"source-{source}".encode()) <= _MOST_BYTES:
        return f"source-{source}"
    digest = hashlib.sha256(source.encode("utf-8", "surrogatepass")).hexdigest()
    return f"source-{safe[:_LONGEST]}-{digest[:8]}"
