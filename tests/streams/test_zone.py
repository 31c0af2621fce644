"""Only faces that are large enough and in the zone count."""

import numpy as np

from looks import look
from maskwise.labels import WITH_MASK
from maskwise.streams.zone import Zone

FACES = look((0, WITH_MASK), (100, WITH_MASK), (400, WITH_MASK))  # 40 px large, at the top


def test_without_a_zone_all_count() -> None:
    assert Zone((), min_face_px=0).filter(FACES, (200, 500)) is FACES


def test_faces_whose_middle_is_outside_do_not_count() -> None:
    left_half = ((0.0, 0.0), (0.5, 0.0), (0.5, 1.0), (0.0, 1.0))
    kept = Zone(left_half, min_face_px=0).filter(FACES, (200, 500))
    assert kept.xyxy[:, 0].tolist() == [0, 100]
    assert len(kept.label) == len(kept.quality) == len(kept.probability) == 2


def test_small_faces_do_not_count() -> None:
    assert len(Zone((), min_face_px=41).filter(FACES, (200, 500))) == 0
    assert len(Zone((), min_face_px=40).filter(FACES, (200, 500))) == 3


def test_nobody_stays_nobody() -> None:
    nobody = FACES.select(np.zeros(3, bool))
    assert len(Zone(((0, 0), (1, 0), (1, 1)), min_face_px=10).filter(nobody, (200, 500))) == 0
