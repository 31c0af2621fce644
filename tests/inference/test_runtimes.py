import sys
from pathlib import Path

import numpy as np
import pytest

from maskwise.errors import BadBundle, InvalidInput, MissingExtra
from maskwise.inference.bundle import Bundle
from maskwise.inference.runtimes import RUNTIMES, choose_runtime, open_session

pytestmark = pytest.mark.train


@pytest.fixture(scope="module")
def bundle(tiny_bundle: Path) -> Bundle:
    return Bundle.open(tiny_bundle)


FACES = np.random.default_rng(0).random((3, 128, 128, 3), dtype=np.float32)


def test_integers_come_first(bundle: Bundle) -> None:
    said = open_session(bundle).run(FACES)
    assert np.array_equal(said, open_session(bundle, precision="int8").run(FACES))
    assert not np.array_equal(said, open_session(bundle, precision="fp32").run(FACES))


@pytest.mark.parametrize("runtime", ["savedmodel", "tensorrt", ""])
def test_there_must_be_such_a_runtime(bundle: Bundle, runtime: str) -> None:
    with pytest.raises(InvalidInput, match="must be one of onnx, litert, openvino or auto"):
        open_session(bundle, runtime=runtime)


def test_auto_measures_all_and_takes_the_fastest(bundle: Bundle) -> None:
    choice = choose_runtime(bundle)
    assert set(choice.ms_per_face) == set(RUNTIMES)
    assert choice.ms_per_face[choice.runtime] == min(choice.ms_per_face.values())
    assert all(name in choice.to_words() for name in RUNTIMES)
    assert open_session(bundle, runtime="auto").run(FACES).shape == (3, 2)


@pytest.fixture
def without_openvino(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "maskwise.inference.runtime_openvino", raising=False)
    monkeypatch.setitem(sys.modules, "openvino", None)


@pytest.mark.usefixtures("without_openvino")
def test_what_is_not_installed_is_named_or_passed_over(bundle: Bundle) -> None:
    with pytest.raises(MissingExtra, match=r"needs openvino.*pip install 'maskwise\[export\]'"):
        open_session(bundle, runtime="openvino")
    assert set(choose_runtime(bundle).ms_per_face) == {"onnx", "litert"}


def test_a_changed_model_is_refused_with_both_hashes(tiny_bundle: Path, tmp_path: Path) -> None:
    copy = tmp_path / "bundle"
    for path in tiny_bundle.rglob("*"):
        if path.is_file():
            target = copy / path.relative_to(tiny_bundle)
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(path.read_bytes())
    content = bytearray((copy / "model.onnx").read_bytes())
    content[1000] ^= 1
    (copy / "model.onnx").write_bytes(content)
    with pytest.raises(BadBundle, match=r"[0-9a-f]{64}.*[0-9a-f]{64}"):
        open_session(Bundle.open(copy), precision="fp32")
