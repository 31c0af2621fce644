"""Parted: groups of pictures that the given split tears apart."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from maskwise.dataset.samples import Sample


@dataclass(frozen=True, slots=True)
class PartedGroup:
    """Pictures that belong together but stand on two sides of the given split.

    Attributes:
        paths: All pictures of the group, relative to the data folder, in order.
        sides: The sides on which they stand, at least two.
    """

    paths: tuple[str, ...]
    sides: tuple[str, ...]

    def to_dict(self) -> Mapping[str, Any]:
        """Plain values for JSON."""
        return {"paths": list(self.paths), "sides": list(self.sides)}


def find_parted(samples: Iterable[Sample]) -> tuple[PartedGroup, ...]:
    """The groups that stand on two sides, by name of their first picture.

    Args:
        samples: With a `group` each that holds all that belongs together, as `join_groups` gives
            it: near-duplicates, scenes, and what the data set itself calls a group.
    """
    groups: dict[str, list[Sample]] = defaultdict(list)
    for sample in samples:
        groups[sample.attributes["group"]].append(sample)
    found = [
        PartedGroup(
            tuple(sorted({sample.path for sample in members})),
            tuple(sorted({sample.attributes.get("side", "") for sample in members} - {""})),
        )
        for members in groups.values()
    ]
    return tuple(sorted((g for g in found if len(g.sides) > 1), key=lambda group: group.paths))
