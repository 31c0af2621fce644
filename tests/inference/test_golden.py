from dataclasses import replace
from pathlib import Path

import pytest

from maskwise.errors import BadBundle
from maskwise.inference.bundle import Bundle
from maskwise.inference.golden import check_golden
from maskwise.inference.runtimes import RUNTIMES, open_session

pytestmark = pytest.mark.train


@pytest.mark.parametrize("runtime", RUNTIMES)
def test_every_runtime_gives_the_golden_answers(tiny_bundle: Path, runtime: str) -> None:
    bundle = Bundle.open(tiny_bundle)
    session = open_session(bundle, runtime=runtime, precision="fp32")
    assert check_golden(bundle, session) < 1e-4


def test_tells_when_there_is_nothing_to_compare(tiny_bundle: Path) -> None:
    bundle = Bundle.open(tiny_bundle)
    session = open_session(bundle)
    with pytest.raises(BadBundle, match="keeps no answers"):
        check_golden(replace(bundle, golden={}), session)
    other = {**bundle.golden, "faces_sha256": "0" * 64}
    with pytest.raises(BadBundle, match=r"other faces than are drawn here.*maskwise 0"):
        check_golden(replace(bundle, golden=other), session)
