"""Golden: drawn faces whose answers travel with a bundle, so that any machine can check itself."""

import hashlib
from collections.abc import Mapping
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from maskwise.dataset.drawn import draw_face
from maskwise.errors import BadBundle
from maskwise.inference.bundle import Bundle
from maskwise.inference.session import Session
from maskwise.labels import WITH_MASK, WITHOUT_MASK
from maskwise.names import legible
from maskwise.preprocess import PreprocessSpec

_SEED: Final = 20
_N: Final = 20


def golden_faces(spec: PreprocessSpec) -> NDArray[np.float32]:
    """Twenty drawn faces `(20, *size_hw, 3)`, the same wherever they are drawn."""
    labels = (WITHOUT_MASK, WITH_MASK) * (_N // 2)
    return np.stack(
        [spec(draw_face(label, seed=_SEED, index=index)) for index, label in enumerate(labels)]
    )


def golden_answers(session: Session, spec: PreprocessSpec) -> Mapping[str, Any]:
    """What a network says to them, as a bundle keeps it, with the hash of what it was asked."""
    faces = golden_faces(spec)
    return {
        "faces_sha256": _hash(faces),
        "probability": session.run(faces).astype(float).round(7).tolist(),
    }


def check_golden(bundle: Bundle, session: Session) -> float:
    """By how much the answers of a session differ, at most, from those in its bundle.

    Raises:
        BadBundle: The bundle keeps no such answers, or keeps them of other faces.
    """
    kept: Any = bundle.golden.get("probability", ())
    faces = golden_faces(bundle.preprocess)
    if np.shape(kept) != (_N, len(bundle.labels)):
        raise BadBundle(f"{bundle.name} keeps no answers that could be compared.")
    if bundle.golden.get("faces_sha256") != _hash(faces):
        raise BadBundle(
            f"{bundle.name} keeps answers to other faces than are drawn here. Check it with the "
            f"versions that it was made with: {_words(bundle.created_with)}."
        )
    return float(np.abs(session.run(faces) - np.array(kept)).max())


def _hash(faces: NDArray[np.float32]) -> str:
    return hashlib.sha256(faces.astype("<f4").tobytes()).hexdigest()


def _words(versions: Mapping[str, Any]) -> str:
    return legible(", ".join(f"{name} {number}" for name, number in versions.items()))
