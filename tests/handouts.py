"""Handouts: the files and folders that the documentation names, drawn by code."""

import json
import shutil
from pathlib import Path
from typing import Any

from PIL import Image

from clips import walking, write_clip
from maskwise.dataset.drawn import draw_face, draw_sample_set
from maskwise.inference.bundle import shipped_folder

_WATCH = """
[cameras.door]
address = "door.mp4"
"""


def lay_out(folder: Path, run: Path) -> Path:
    """Put everything that the pages name into `folder`; every run is a copy of `run`."""
    for name in ("photo.jpg", "street.jpg", "door.jpg", "one.jpg", "two.png"):
        Image.fromarray(next(walking(1, [1, 0]))).save(folder / name)
    for index, name in enumerate(("face.jpg", "face1.jpg", "face2.png")):
        Image.fromarray(draw_face(index % 2, seed=1, index=index)).save(folder / name)
    for name, count in (("photos", 30), ("elsewhere", 12), ("DATA", 12), ("OTHER_DATA", 12)):
        draw_sample_set(folder / name, count=count, seed=count)
        shutil.rmtree(folder / name / "incorrect")
    for name in ("scenes", "SCENES"):
        _draw_scenes(folder / name)
    (folder / "clips").mkdir()
    for path in ("door.mp4", "clips/hall.mp4"):
        write_clip(folder / path, walking(40, [1]))
    (folder / "watch.toml").write_text(_WATCH)
    for name in ("runs/first", "runs/second", "runs/mine", "RUN", "A", "B"):
        shutil.copytree(run, folder / name)
    for name in ("bundle", "bundles/mine", "bundles/first"):
        shutil.copytree(shipped_folder(), folder / name)
    return folder


def _draw_scenes(folder: Path) -> None:
    folder.mkdir()
    images: list[dict[str, Any]] = []
    annotations: list[dict[str, Any]] = []
    for index, image_rgb in enumerate(walking(4, [1, 0])):
        name = f"{index}.png"
        Image.fromarray(image_rgb).save(folder / name)
        height, width = image_rgb.shape[:2]
        images.append({"id": index, "file_name": name, "width": width, "height": height})
        for place, category in enumerate((1, 2)):
            box = [20 + 4 * index + place * 180 + 25, 80 + 20, 70, 80]
            annotations.append(
                {"id": len(annotations), "image_id": index, "category_id": category, "bbox": box}
            )
    categories = [{"id": 1, "name": "with_mask"}, {"id": 2, "name": "without_mask"}]
    content = {"images": images, "annotations": annotations, "categories": categories}
    (folder / "annotations.json").write_text(json.dumps(content))
