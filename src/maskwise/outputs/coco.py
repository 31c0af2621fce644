"""COCO: one JSON file with all pictures and what was answered on their faces."""

import json
from collections.abc import Iterable, Iterator
from typing import Any, Final

from maskwise.labels import LABELS, UNSURE, label_name
from maskwise.outputs.outcome import Outcome
from maskwise.results import Faces

_CATEGORY_OF: Final = {label: label + 1 for label in range(len(LABELS))} | {UNSURE: len(LABELS) + 1}
"""From 1, since many readers take 0 for the background; *unsure* comes last."""


def to_coco(outcomes: Iterable[Outcome]) -> str:
    """All outcomes as one COCO file, which reads back as a data set.

    Faces of which the answer is *unsure* have the category `unsure`, which is no class: maskwise
    leaves such faces out when it reads the file. `score` is `Faces.confidence`. A picture named
    twice is listed once. Pictures without an answer are no images of the file; they stand with
    their errors in `info.left_out`.

    Args:
        outcomes: In the order in which they are to be listed; an iterator is read once.
    """
    images: dict[str, str] = {}  # each entry as a text, which takes a tenth of the memory
    annotations: list[str] = []
    left_out = []
    for outcome in outcomes:
        if outcome.faces is None or outcome.size_hw is None:
            left_out.append({"file_name": outcome.source, "error": outcome.error})
        elif outcome.source not in images:
            image_id = len(images) + 1
            images[outcome.source] = _image(image_id, outcome.source, outcome.size_hw)
            for face in _faces(outcome.faces):
                face |= {"id": len(annotations) + 1, "image_id": image_id}
                annotations.append(json.dumps(face))
    info = {"description": "Answers of maskwise, not looked through by people"}
    categories = [{"id": number, "name": label_name(k)} for k, number in _CATEGORY_OF.items()]
    return (
        f'{{"info": {json.dumps({**info, "left_out": left_out})},\n'
        f'"images": [{_listed(images.values())}],\n'
        f'"annotations": [{_listed(annotations)}],\n'
        f'"categories": {json.dumps(categories)}}}\n'
    )


def _image(image_id: int, source: str, size_hw: tuple[int, int]) -> str:
    height, width = size_hw
    return json.dumps({"id": image_id, "file_name": source, "width": width, "height": height})


def _faces(faces: Faces) -> Iterator[dict[str, Any]]:
    confidence = faces.confidence
    for index, (left, top, right, bottom) in enumerate(faces.xyxy.tolist()):
        # Exact: no difference of two float32 needs more digits than a float has.
        width, height = right - left, bottom - top
        face: dict[str, Any] = {
            "category_id": _CATEGORY_OF[int(faces.label[index])],
            "bbox": [left, top, width, height],
            "area": width * height,
            "iscrowd": 0,
            "score": round(float(confidence[index]), 6),
            "detector_score": round(float(faces.detector_score[index]), 6),
        }
        if faces.quality[index]:
            face["quality"] = " ".join(faces.quality[index])
        yield face


def _listed(entries: Iterable[str]) -> str:
    return "\n" + ",\n".join(entries) + "\n"
