"""Draws faces that the shipped model gets wrong, onto one sheet.

    python models/failures.py OUT.png

The faces are drawn by code, so that a sheet of mistakes shows nobody. It says what kinds of
mistakes there are, not how many: for a network that was trained on photos, drawings are harder.
"""

import argparse
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

import maskwise as mw
from maskwise.dataset.drawn import draw_face
from maskwise.durable import write_bytes
from maskwise.images import encode_image
from maskwise.labels import LABELS, UNSURE
from maskwise.outputs.draw import contact_sheet, draw

SEED: Final = 53
N_DRAWN: Final = 300
N_SHOWN: Final = 12


def main() -> None:
    """Do all of it."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("out", type=Path)
    arguments = parser.parse_args()
    detector = mw.MaskDetector.load(faces="whole")
    wrong: list[tuple[float, NDArray[np.uint8]]] = []
    for index in range(N_DRAWN):
        label = index % len(LABELS)
        image_rgb = draw_face(label, seed=SEED, index=index)
        faces = detector(image_rgb)
        if faces.label[0] not in (label, UNSURE):
            wrong.append((float(faces.probability[0, label]), draw(image_rgb, faces)))
    wrong.sort(key=lambda each: each[0])
    sheet = contact_sheet([tile for _, tile in wrong[:N_SHOWN]])
    write_bytes(arguments.out, encode_image(sheet, format="png"))


if __name__ == "__main__":
    main()
