"""What every runtime must do. A new one is done when it passes."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from maskwise.inference.session import Session

pytestmark = pytest.mark.train


@pytest.fixture(
    scope="module",
    params=[
        "keras",
        *("onnx fp32", "onnx int8", "litert fp32", "litert int8"),
        *("openvino fp32", "openvino int8"),
    ],
)
def session(request: pytest.FixtureRequest, tiny_run: Path, tiny_bundle: Path) -> Session:
    from maskwise.inference.bundle import Bundle
    from maskwise.inference.runtime_keras import KerasSession
    from maskwise.inference.runtimes import open_session
    from maskwise.runs.run import Run

    if request.param == "keras":
        return KerasSession.load(Run.open(tiny_run))
    runtime, precision = request.param.split()
    return open_session(Bundle.open(tiny_bundle), runtime=runtime, precision=precision)


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


def test_threads_may_share_a_session(session: Session) -> None:
    batches = [faces(n)[::-1] for n in (1, 3, 2, 4)] * 5
    alone = [session.run(batch) for batch in batches]
    with ThreadPoolExecutor(4) as threads:
        together = list(threads.map(session.run, batches))
    for one, other in zip(alone, together, strict=True):
        assert one == pytest.approx(other, abs=1e-5)
    # What was given out is not overwritten by later answers.
    assert together[0] == pytest.approx(session.run(batches[0]), abs=1e-5)
