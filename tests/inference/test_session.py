"""What every runtime must do. A new one is done when it passes."""

from pathlib import Path

import numpy as np
import pytest

from maskwise.inference.session import Session

pytestmark = pytest.mark.train


@pytest.fixture(params=["keras"])
def session(request: pytest.FixtureRequest, tiny_run: Path) -> Session:
    from maskwise.inference.runtime_keras import KerasSession
    from maskwise.runs.run import Run

    return {"keras": KerasSession.load}[request.param](Run.open(tiny_run))


def faces(n: int) -> np.ndarray:
    return np.random.default_rng(0).random((n, 128, 128, 3), dtype=np.float32)


@pytest.mark.parametrize("n", [1, 2, 33])
def test_answers_are_probabilities(session: Session, n: int) -> None:
    probability = session.run(faces(n))
    assert probability.shape == (n, 2)
    assert probability.dtype == np.float32
    assert probability.sum(axis=1) == pytest.approx(1, abs=1e-5)


def test_an_answer_does_not_depend_on_its_batch(session: Session) -> None:
    together = session.run(faces(5))
    alone = np.concatenate([session.run(face[None]) for face in faces(5)])
    assert together == pytest.approx(alone, abs=1e-5)


def test_the_same_faces_get_the_same_answers(session: Session) -> None:
    assert np.array_equal(session.run(faces(4)), session.run(faces(4)))
