"""Attention: which parts of a picture spoke for the answer of a network."""

import os
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final, Self

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from maskwise.errors import InvalidInput
from maskwise.extras import load
from maskwise.faces.whole import WholePicture
from maskwise.inference.decision import DecisionRule
from maskwise.inference.pipeline import read_rule, require_image
from maskwise.outputs.draw import contact_sheet, draw
from maskwise.preprocess import PreprocessSpec
from maskwise.runs.run import Run

if TYPE_CHECKING:
    from maskwise.inference.runtime_gradcam import GradCam

# Twelve even steps of `magma` by Smith and van der Walt (CC0), in which equal steps of heat look
# equally far apart, in grey and to the colour-blind too.
_COLOURS_RGB: Final = (
    *((0, 0, 4), (18, 13, 49), (51, 16, 103), (90, 22, 126), (126, 36, 130), (163, 48, 126)),
    *((200, 62, 115), (233, 84, 98), (249, 123, 93), (254, 169, 115), (254, 211, 149)),
    (252, 253, 191),
)
_OPACITY: Final = 0.5
_TILE_SIZE: Final = 512


@dataclass(frozen=True, slots=True, eq=False)
class Explanation:
    """An answer, and what spoke for it where.

    Attributes:
        probability: Of each class in the order of `LABELS`, `(classes,)` float32, calibrated.
        label: The answer, a class number of `LABELS`, or -1 for *unsure*.
        heat: How much the network found at each pixel of the picture that spoke for the most
            probable class, as a share of what it found at the warmest, `(h, w)` float32 in [0, 1];
            0 everywhere if nothing did.
    """

    probability: NDArray[np.float32]
    label: int
    heat: NDArray[np.float32]

    @property
    def leaning(self) -> int:
        """The most probable class: the answer, or what it would be if it were not *unsure*."""
        return int(self.probability.argmax())


class Explainer:
    """A network that tells why, with its preprocessing and the rule by which it answers.

    Attributes:
        spec: That preprocessing.
    """

    def __init__(
        self, gradcam: "GradCam", spec: PreprocessSpec, rule: DecisionRule | None = None
    ) -> None:
        """Join a network with how it sees and answers; without a rule, it answers always."""
        self._gradcam = gradcam
        self._rule = rule or DecisionRule()
        self.spec = spec

    @classmethod
    def load(cls, run: str | os.PathLike[str] | Run) -> Self:
        """Make an explainer from what was trained.

        Args:
            run: A finished run or its folder.

        Raises:
            BadRun: The run is missing, unfinished or damaged.
            MissingExtra: TensorFlow is not installed.
        """
        opened = run if isinstance(run, Run) else Run.open(run)
        runtime = load("maskwise.inference.runtime_gradcam", extra="train")
        return cls(runtime.GradCam.load(opened), opened.recipe.preprocess, read_rule(opened))

    def __call__(self, image_rgb: NDArray[np.uint8]) -> Explanation:
        """Answer, and tell why.

        Args:
            image_rgb: A picture of one face, upright, RGB, `(h, w, 3)` uint8.

        Raises:
            InvalidInput: The array has another shape or type.
        """
        require_image(image_rgb)
        probability, evidence = self._gradcam.run(self.spec(image_rgb)[None])
        (label,) = self._rule.decide(probability).tolist()
        rows, columns = (
            _interpolation(centres, n_pixels)
            for centres, n_pixels in zip(self._gradcam.centres_hw, image_rgb.shape, strict=False)
        )
        heat = rows @ evidence[0] @ columns.T
        return Explanation(self._rule.calibrate(probability)[0], label, heat / (heat.max() or 1))


def explain(run: str | os.PathLike[str] | Run, image_rgb: NDArray[np.uint8]) -> Explanation:
    """Answer on one picture, and tell why; of many, an `Explainer` is faster.

    Args:
        run: A finished run or its folder.
        image_rgb: A picture of one face, upright, RGB, `(h, w, 3)` uint8.

    Raises:
        BadRun: The run is missing, unfinished or damaged.
        InvalidInput: The array has another shape or type.
        MissingExtra: TensorFlow is not installed.
    """
    return Explainer.load(run)(image_rgb)


def overlay(image_rgb: NDArray[np.uint8], heat: NDArray[np.float32]) -> NDArray[np.uint8]:
    """Lay heat in colours, from black over violet to yellow, onto a grey copy of the picture.

    Args:
        image_rgb: The picture `(h, w, 3)`.
        heat: From 0 to 1, `(h, w)`.

    Returns:
        RGB uint8 `(h, w, 3)`.

    Raises:
        InvalidInput: Picture and heat have different sizes.
    """
    require_image(image_rgb)
    if heat.shape != image_rgb.shape[:2]:
        raise InvalidInput(
            f"`heat` must have the size of the picture, {image_rgb.shape[:2]}. "
            f"Received: {heat.shape}."
        )
    colours = Image.fromarray(_palette()[(heat * 255).round().astype(np.uint8)])
    grey = Image.fromarray(image_rgb).convert("L").convert("RGB")
    return np.asarray(Image.blend(grey, colours, _OPACITY))


def illustrate(image_rgb: NDArray[np.uint8], explanation: Explanation) -> NDArray[np.uint8]:
    """The picture with its answer, and beside it with its heat.

    Args:
        image_rgb: The picture `(h, w, 3)` that was explained.
        explanation: What was found.

    Returns:
        RGB uint8, two squares of 512 pixels on white.
    """
    answered = replace(
        WholePicture()(image_rgb),
        probability=explanation.probability[None],
        label=np.array([explanation.label]),
    )
    pictures = [draw(image_rgb, answered), overlay(image_rgb, explanation.heat)]
    return contact_sheet(pictures, columns=2, tile=_TILE_SIZE)


def _interpolation(centres: NDArray[np.float64], n_pixels: int) -> NDArray[np.float32]:
    """Weights `(n_pixels, n_cells)` that bring cells to pixels linearly, and flat at the edges."""
    pixels = (np.arange(n_pixels) + 0.5) / n_pixels
    cells = np.eye(len(centres))
    return np.stack([np.interp(pixels, centres, cell) for cell in cells], axis=1).astype(np.float32)


def _palette() -> NDArray[np.uint8]:
    steps = np.linspace(0, 255, len(_COLOURS_RGB))
    channels = [
        np.interp(np.arange(256), steps, channel) for channel in zip(*_COLOURS_RGB, strict=True)
    ]
    return np.stack(channels, axis=1).round().astype(np.uint8)
