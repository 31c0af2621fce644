"""Small data sets with annotations, made to order."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from pictures import draw_picture


def put_picture(path: Path, *, seed: int = 0, size_hw: tuple[int, int] = (40, 48)) -> Path:
    """Draw a picture at `path`."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draw_picture(seed, masked=False, size_hw=size_hw).save(path)
    return path


def put_text(path: Path, text: str) -> Path:
    """Write a text at `path`."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def voc_xml(filename: str, *objects: str, inside: str = "") -> str:
    """A Pascal VOC annotation, each object from the line 4 on taking a line."""
    lines = ["<annotation>", f"<filename>{filename}</filename>", inside, *objects, "</annotation>"]
    return "\n".join(lines)


def voc_object(name: str, *edges: object, inside: str = "") -> str:
    """An object of a Pascal VOC annotation, on a single line."""
    names = ("xmin", "ymin", "xmax", "ymax")
    box = "".join(f"<{name}>{edge}</{name}>" for name, edge in zip(names, edges, strict=True))
    return f"<object><name>{name}</name>{inside}<bndbox>{box}</bndbox></object>"


def coco_json(images: Sequence[Mapping[str, Any]], annotations: Sequence[Mapping[str, Any]]) -> str:
    """A COCO file of two categories: 1 with_mask, 2 without_mask."""
    categories = [{"id": 1, "name": "with_mask"}, {"id": 2, "name": "without_mask"}]
    return json.dumps({"images": images, "annotations": annotations, "categories": categories})
