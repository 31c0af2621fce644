"""Recipe: every choice of a training that decides about its result, as one value."""

from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any, Final, Self

from maskwise.errors import InvalidInput
from maskwise.labels import INCORRECT, LABELS, WITH_MASK, WITHOUT_MASK
from maskwise.preprocess import PreprocessSpec

LABEL_NUMBERS: Final = tuple(range(len(LABELS)))
MIN_SIZE: Final = 22
"""Below, nothing is left for the third pooling of the reference network."""
MAX_SIZE: Final = 1024
SPLITS: Final = ("random", "grouped", "given")
"""How samples can be shared out among the sides."""
NETWORKS: Final = ("reference", "lean", "efficientnet_lite0")
"""What can be trained."""
TUNED: Final = "tuned"
"""What the recipe of a training is called that goes on from a trained network."""

_TUNED_TEST_SHARE: Final = 0.3
_TUNED_VALIDATION_SHARE: Final = 0.15
_TUNED_EPOCHS: Final = 20
_TUNED_PACE: Final = 0.5
_TUNED_PARENT_SHARE: Final = 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """How to train. The defaults are the reference recipe.

    Attributes:
        name: The name on the command line.
        labels: Class numbers that the network tells apart, in the order of its outputs.
        preprocess: From picture to network input.
        split: `random`, as in the reference system; `grouped`: near-duplicates, faces of one
            scene and the like stay on one side; `given`: as the data set says.
        held_out_source: Judge on this source and train on all others; empty for none. Such a
            split is always grouped.
        test_share: Share of the samples set aside to judge on.
        validation_share: Share of the rest that is only watched.
        batch_size: Pictures per step.
        epochs: Passes over the training side.
        learning_rate: Of Adam.
        mirror: Whether each epoch shows a half of the pictures, drawn anew, as in a mirror.
        network: An entry of `NETWORKS`.
        is_augmented: Whether every picture is changed anew in each epoch, masks are painted on bare
            faces, and classes and sources are balanced; see `maskwise.training.augmentation`.
        is_annealed: Whether the learning rate rises at first and then falls along half a cosine
            (Loshchilov and Hutter 2017), instead of staying as it is.
        weight_decay: Decoupled from the gradient (Loshchilov and Hutter 2019); 0 for none.
        parent: The hash of the trained network from which this training goes on; empty for none.
        parent_temperature: Of the rule by which that network answers.
        parent_bias: Likewise; both are kept where the validation side is too small to tell others.
        parent_min_probability: Likewise; kept as long as nobody asks for a rate of errors.
        parent_share: At the end every weight is a mean: of what it was in the parent, with this
            share, and of what the training made of it (Wortsman et al. 2022, arXiv:2109.01903).
            0 keeps nothing of the parent.

    Raises:
        InvalidInput: A value is out of its range.
    """

    name: str = "reference"
    labels: tuple[int, ...] = (WITHOUT_MASK, WITH_MASK)
    preprocess: PreprocessSpec = field(default_factory=PreprocessSpec)
    split: str = "random"
    held_out_source: str = ""
    test_share: float = 0.2
    validation_share: float = 0.1
    batch_size: int = 32
    epochs: int = 20
    learning_rate: float = 0.001
    mirror: bool = False
    network: str = "reference"
    is_augmented: bool = False
    is_annealed: bool = False
    weight_decay: float = 0.0
    parent: str = ""
    parent_temperature: float = 1.0
    parent_bias: tuple[float, ...] = ()
    parent_min_probability: float = 0.0
    parent_share: float = 0.0

    def __post_init__(self) -> None:
        if self.labels not in (LABEL_NUMBERS[:2], LABEL_NUMBERS):
            raise InvalidInput(
                f"`labels` must be {LABEL_NUMBERS[:2]} or {LABEL_NUMBERS}. Received: {self.labels}."
            )
        if not MIN_SIZE <= min(self.preprocess.size_hw) <= max(self.preprocess.size_hw) <= MAX_SIZE:
            raise InvalidInput(
                f"`preprocess.size_hw` must lie between {MIN_SIZE} and {MAX_SIZE}. "
                f"Received: {self.preprocess.size_hw}."
            )
        if self.split not in SPLITS:
            raise InvalidInput(
                f"`split` must be one of {', '.join(SPLITS)}. Received: {self.split!r}."
            )
        if self.network not in NETWORKS:
            raise InvalidInput(
                f"`network` must be one of {', '.join(NETWORKS)}. Received: {self.network!r}."
            )
        for name in ("weight_decay", "parent_share"):
            if not 0 <= getattr(self, name) < 1:
                raise InvalidInput(
                    f"`{name}` must be 0 or more and below 1. Received: {getattr(self, name)}."
                )
        if self.held_out_source and self.split != "grouped":
            raise InvalidInput(
                "`split` must be grouped where a source is held out. "
                f"Received: {self.split!r}. Leave it out."
            )
        for name in ("batch_size", "epochs"):
            if getattr(self, name) < 1:
                raise InvalidInput(
                    f"`{name}` must be at least 1. Received: {name}={getattr(self, name)}."
                )
        for name in ("test_share", "validation_share", "learning_rate"):
            if not 0 < getattr(self, name) < 1:
                raise InvalidInput(
                    f"`{name}` must lie between 0 and 1. Received: {name}={getattr(self, name)}."
                )

    def for_labels(self, present: Collection[int]) -> Self:
        """The recipe for data of these classes: two of three where no mask is worn wrongly."""
        return self if INCORRECT in present else replace(self, labels=LABEL_NUMBERS[:INCORRECT])

    def tuned(
        self, parent: str, *, temperature: float, bias: tuple[float, ...], min_probability: float
    ) -> Self:
        """How a network that was trained so goes on with a few pictures of somebody's own.

        Smaller steps, and half the way back in the end, so that what it knows of other faces stays;
        more to judge on, as there are few.

        Args:
            parent: The hash of that network.
            temperature: Of the rule by which it answers.
            bias: Likewise.
            min_probability: Likewise.
        """
        return replace(
            self,
            name=TUNED,
            parent=parent,
            parent_temperature=temperature,
            parent_bias=bias,
            parent_min_probability=min_probability,
            parent_share=_TUNED_PARENT_SHARE,
            split="grouped",
            held_out_source="",
            test_share=_TUNED_TEST_SHARE,
            validation_share=_TUNED_VALIDATION_SHARE,
            epochs=_TUNED_EPOCHS,
            learning_rate=_TUNED_PACE * self.learning_rate,
            is_annealed=True,
        )

    def to_dict(self) -> Mapping[str, Any]:
        """Plain values for JSON."""
        return {**asdict(self), "preprocess": self.preprocess.to_dict()}

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Self:
        """The recipe that `to_dict` described.

        Raises:
            InvalidInput: Fields are unknown, missing or of another kind.
        """
        try:
            fields = dict(values)
            fields["labels"] = tuple(int(label) for label in fields["labels"])
            fields["parent_bias"] = tuple(float(each) for each in fields.get("parent_bias", ()))
            fields["preprocess"] = PreprocessSpec.from_dict(fields["preprocess"])
            return cls(**fields)
        except InvalidInput:
            raise
        except (KeyError, TypeError, ValueError) as error:
            raise InvalidInput(f"The recipe {dict(values)} cannot be read: {error}.") from error


_MASKWISE: Final = Recipe(
    name="maskwise",
    labels=LABEL_NUMBERS,
    preprocess=PreprocessSpec(size_hw=(112, 112)),
    split="grouped",
    test_share=0.1,
    batch_size=32,
    epochs=10,
    learning_rate=0.0004,
    network="efficientnet_lite0",
    is_augmented=True,
    is_annealed=True,
    weight_decay=0.02,
)

_REFERENCE_NETWORK: Final = replace(
    _MASKWISE,
    name="reference-network",
    preprocess=PreprocessSpec(),
    epochs=20,
    learning_rate=0.001,
    network="reference",
)

_LEAN: Final = replace(
    _MASKWISE, name="lean", batch_size=64, epochs=30, learning_rate=0.003, network="lean"
)

RECIPES: Final = {
    recipe.name: recipe for recipe in (Recipe(), _MASKWISE, _REFERENCE_NETWORK, _LEAN)
}
"""By name: the reference system; what is shipped; the reference network trained like that; and the
smallest network."""


def find_recipe(name: str, **changes: Any) -> Recipe:
    """Look up a recipe and change some of its fields, as `change_recipe` does.

    Raises:
        InvalidInput: No recipe has this name, or as `change_recipe`.
    """
    if name not in RECIPES:
        raise InvalidInput(f"`recipe` must be one of {', '.join(RECIPES)}. Received: {name!r}.")
    return change_recipe(RECIPES[name], **changes)


def change_recipe(recipe: Recipe, **changes: Any) -> Recipe:
    """Change some fields of a recipe; None leaves a field as it is.

    Raises:
        InvalidInput: A value is out of its range, or the source to hold out has an empty name.
    """
    if changes.get("held_out_source") == "":
        raise InvalidInput(
            "`hold_out_source` must name a source. Received: ''. Leave it out to hold out none."
        )
    wanted = {field: value for field, value in changes.items() if value is not None}
    if wanted.get("held_out_source"):
        wanted.setdefault("split", "grouped")
    return replace(recipe, **wanted)


def require_seed(seed: int | None) -> None:
    """Refuse a seed that not all who are to use it can take.

    Raises:
        InvalidInput: It is not within 0 to 2**32 - 1.
    """
    if seed is not None and not 0 <= seed < 2**32:
        raise InvalidInput(f"`seed` must be 0 to {2**32 - 1}. Received: seed={seed}.")
