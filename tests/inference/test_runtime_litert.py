from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from maskwise.errors import BadBundle
from maskwise.inference.bundle import Bundle
from maskwise.inference.runtime_litert import LiteRtSession

pytestmark = pytest.mark.train


@pytest.fixture(scope="module")
def content(tiny_bundle: Path) -> bytes:
    bundle = Bundle.open(tiny_bundle)
    (content,) = bundle.read(bundle.find("litert", "int8"))
    return content


@pytest.mark.parametrize(
    ("size_hw", "n_classes"), [((64, 64), 2), ((128, 128), 3)], ids=["size", "classes"]
)
def test_refuses_what_does_not_fit(
    content: bytes, size_hw: tuple[int, int], n_classes: int
) -> None:
    with pytest.raises(BadBundle, match=r"It turns \(n, 128, 128, 3\) into \(n, 2\)"):
        LiteRtSession([content], size_hw=size_hw, n_classes=n_classes)


@pytest.mark.parametrize(
    "spoil",
    [
        pytest.param(lambda content: b"", id="empty"),
        pytest.param(lambda content: content[:-1], id="cut off by a byte"),
        pytest.param(lambda content: content[: len(content) // 2], id="cut in half"),
        pytest.param(lambda content: np.random.default_rng(0).bytes(5000), id="random"),
        pytest.param(
            lambda content: content[:8] + np.random.default_rng(0).bytes(5000), id="only a head"
        ),
    ],
)
def test_refuses_broken_bytes(content: bytes, spoil: Callable[[bytes], bytes]) -> None:
    with pytest.raises(BadBundle, match="LiteRT model cannot be loaded") as refused:
        LiteRtSession([spoil(content)], size_hw=(128, 128), n_classes=2)
    assert str(refused.value).isprintable()


def test_refuses_more_or_less_than_one_file(content: bytes) -> None:
    for contents in ([], [content, content]):
        with pytest.raises(BadBundle):
            LiteRtSession(contents, size_hw=(128, 128), n_classes=2)
