"""Composed clips: people who are known, on paths that are known, walk through a room.

Faces are cut from photos with what is around them and pasted, larger ones in front, onto a blurred
photo; they pass each other, walk behind a pillar, and come nearer. A face counts as seen if half of
it is inside of the frame and not covered.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from maskwise.boxes import clip, iou
from maskwise.dataset.dataset import Dataset

SIZE_HW: Final = (720, 1280)
FPS: Final = 25
_MARGIN: Final = 0.5  # of the side of a face, around it
_LEAST_SIDE_PX: Final = 50  # of a face that is cut out
_SEEN: Final = 0.5
_NOISE: Final = 3.0  # of the camera, in grey levels
_PILLAR_PX: Final = 70


@dataclass(frozen=True, slots=True)
class Look:
    """A frame and what can be seen in it.

    Attributes:
        image_rgb: The frame `(720, 1280, 3)`.
        boxes_xyxy: Of every person inside of the frame, `(n, 4)`.
        person: Who it is, `(n,)`.
        is_seen: Whether the face can be seen, `(n,)`.
    """

    image_rgb: NDArray[np.uint8]
    boxes_xyxy: NDArray[np.float64]
    person: NDArray[np.int64]
    is_seen: NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class _Person:
    label: int
    cut_rgb: NDArray[np.uint8]
    box_xyxy: NDArray[np.float64]  # in the cut
    knots_xys: NDArray[np.float64]  # centre and side of the face at four times, (4, 3)
    is_walking: float  # how far it bobs

    def at(self, share: float) -> NDArray[np.float64]:
        """Centre and side of the face at a share of the clip."""
        place = share * (len(self.knots_xys) - 1)
        index = min(int(place), len(self.knots_xys) - 2)
        ease = (1 - np.cos(np.pi * (place - index))) / 2
        x, y, side = (1 - ease) * self.knots_xys[index] + ease * self.knots_xys[index + 1]
        return np.array([x, y + self.is_walking * side * np.sin(share * 40), side])


@dataclass(frozen=True, slots=True)
class Clip:
    """A clip and who is in it.

    Attributes:
        labels: What each person wears: class numbers of `maskwise.LABELS`.
        looks: Its frames, made as they are asked for.
    """

    labels: Sequence[int]
    looks: Iterator[Look]


def compose(data: Dataset, *, seed: int, seconds: float, n_people: int) -> Clip:
    """A clip; the same for the same data and seed.

    Args:
        data: Faces with boxes, on whose pictures the clip draws.
        seed: What the clip follows from.
        seconds: How long it is.
        n_people: How many walk through it.
    """
    rng = np.random.default_rng(seed)
    room = _room(data, rng)
    people = [_person(data, rng) for _ in range(n_people)]
    pillar = int(rng.integers(300, SIZE_HW[1] - 300))
    shares = np.linspace(0, 1, round(seconds * FPS)).tolist()
    looks = (_frame(room, people, pillar, share, rng) for share in shares)
    return Clip([person.label for person in people], looks)


def _frame(
    room: NDArray[np.uint8],
    people: Sequence[_Person],
    pillar: int,
    share: float,
    rng: np.random.Generator,
) -> Look:
    image = room.copy()
    covered_by = np.full(SIZE_HW, -1)
    boxes = np.zeros((len(people), 4))
    for who in np.argsort([person.at(share)[2] for person in people]).tolist():
        boxes[who] = _paste(image, covered_by, who, people[who], people[who].at(share))
    image[:, pillar : pillar + _PILLAR_PX] = room[:, pillar : pillar + _PILLAR_PX] // 2
    covered_by[:, pillar : pillar + _PILLAR_PX] = len(people)
    inside = clip(boxes, SIZE_HW)
    n_px = (boxes[:, 2:] - boxes[:, :2]).prod(axis=1)
    is_inside = (inside[:, 2:] - inside[:, :2]).prod(axis=1) > 0
    is_seen = []
    for who, (left, top, right, bottom) in enumerate(inside.round().astype(int).tolist()):
        is_seen.append((covered_by[top:bottom, left:right] == who).sum() >= _SEEN * n_px[who])
    noisy = image + rng.normal(0, _NOISE, image.shape)
    (person,) = np.nonzero(is_inside)
    return Look(
        noisy.clip(0, 255).astype(np.uint8), inside[person], person, np.array(is_seen)[person]
    )


def _paste(
    image: NDArray[np.uint8],
    covered_by: NDArray[np.int64],
    who: int,
    person: _Person,
    xys: NDArray[np.float64],
) -> NDArray[np.float64]:
    scale = xys[2] / (person.box_xyxy[2:] - person.box_xyxy[:2]).max()
    height, width = (max(2, round(edge * scale)) for edge in person.cut_rgb.shape[:2])
    cut = cv2.resize(person.cut_rgb, (width, height), interpolation=cv2.INTER_AREA)
    middle = (person.box_xyxy[:2] + person.box_xyxy[2:]) / 2 * scale
    left, top = np.round(xys[:2] - middle).astype(int).tolist()
    y, x = np.mgrid[:height, :width]
    is_head = ((x / width - 0.5) / 0.5) ** 2 + ((y / height - 0.5) / 0.5) ** 2 <= 1
    rows = slice(max(0, top), max(0, min(SIZE_HW[0], top + height)))
    columns = slice(max(0, left), max(0, min(SIZE_HW[1], left + width)))
    own = (
        slice(rows.start - top, rows.stop - top),
        slice(columns.start - left, columns.stop - left),
    )
    if rows.start < rows.stop and columns.start < columns.stop:
        image[rows, columns][is_head[own]] = cut[own][is_head[own]]
        covered_by[rows, columns][is_head[own]] = who
    pasted: NDArray[np.float64] = person.box_xyxy * scale + np.tile([left, top], 2)
    return pasted


def _person(data: Dataset, rng: np.random.Generator) -> _Person:
    label, cut_rgb, box_xyxy = _cut(data, rng)
    side = rng.uniform(35, 110)
    growth = rng.uniform(0.7, 1.6)
    x = np.cumsum([rng.uniform(0, SIZE_HW[1]), *rng.uniform(150, 500, 3) * rng.choice([-1, 1])])
    x = x - max(0, x.max() - SIZE_HW[1] + 60) - min(0, x.min() - 60)
    y = rng.uniform(150, 500) + rng.uniform(-40, 40, 4)
    knots = np.stack([x, y, side * growth ** np.linspace(0, 1, 4)], axis=1)
    return _Person(label, cut_rgb, box_xyxy, knots, rng.uniform(0, 0.08))


def _cut(
    data: Dataset, rng: np.random.Generator
) -> tuple[int, NDArray[np.uint8], NDArray[np.float64]]:
    """What a face wears, the face with what is around it but nobody else, and its box in that."""
    while True:
        sample = data.samples[int(rng.integers(len(data.samples)))]
        box = np.array(sample.box_xyxy)
        if min(box[2:] - box[:2]) < _LEAST_SIDE_PX:
            continue
        reach = _MARGIN * (box[2:] - box[:2]).max()
        around = clip(np.concatenate([box[:2] - reach, box[2:] + reach])[None], sample.size_hw)
        faces = np.array([other.box_xyxy for other in data.samples if other.path == sample.path])
        if np.count_nonzero(iou(around, faces)) == 1:
            break
    left, top, right, bottom = around[0].astype(int).tolist()
    cut_rgb = data.read(sample)[top:bottom, left:right]
    return sample.label, cut_rgb, box - np.array([left, top, left, top])


def _room(data: Dataset, rng: np.random.Generator) -> NDArray[np.uint8]:
    image_rgb = data.read(data.samples[int(rng.integers(len(data.samples)))])
    room = cv2.GaussianBlur(cv2.resize(image_rgb, SIZE_HW[::-1]), (0, 0), 25)
    return np.asarray(room)
