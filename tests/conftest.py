"""What many tests stand on: drawn pictures, one tiny finished run, the real pictures."""

import os
import signal
from pathlib import Path

import numpy as np
import pytest
from hypothesis import settings
from numpy.typing import NDArray

from pictures import fill_class_folders

# A shell's background job ignores Ctrl-C, and so would all that tests start and then interrupt.
signal.signal(signal.SIGINT, signal.default_int_handler)
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
# What Ray starts would wait behind all other tests; people's programs are not disturbed here.
os.environ.setdefault("RAY_worker_niceness", "0")
# The same examples each time: a change that breaks nothing must not fail for another reason.
settings.register_profile("repeatable", derandomize=True)
settings.load_profile("repeatable")

REPOSITORY = Path(__file__).parents[1]


@pytest.fixture(scope="session")
def real_data() -> Path:
    """The folder with real pictures; the test is skipped where there is none."""
    folder = Path(os.environ.get("MASKWISE_DATA", REPOSITORY.parent / "shared" / "data"))
    if not folder.is_dir():
        pytest.skip(f"no real pictures at {folder}; set MASKWISE_DATA to their folder")
    return folder


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    """Class folders of twenty pictures each."""
    return fill_class_folders(tmp_path / "pictures", per_class=20)


@pytest.fixture(scope="session")
def tiny_data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Class folders of twenty pictures each, shared: tests only read them."""
    return fill_class_folders(tmp_path_factory.mktemp("tiny") / "pictures", per_class=20)


@pytest.fixture(scope="session")
def tiny_run(tiny_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished run of three epochs on `tiny_data`, shared: tests only read it."""
    from maskwise.training.fit import train

    out = tmp_path_factory.mktemp("runs") / "tiny"
    train(tiny_data, out=out, epochs=3, seed=5)
    return out


@pytest.fixture(scope="session")
def tiny_bundle(tiny_run: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The bundle of `tiny_run` in all formats and precisions, shared: tests only read it."""
    from maskwise.exporters.export import FORMATS, export

    out = tmp_path_factory.mktemp("bundles") / "tiny"
    export(tiny_run, out, formats=FORMATS, licence="CC0-1.0")
    return out


@pytest.fixture
def noise_rgb() -> NDArray[np.uint8]:
    """An RGB picture (30, 50, 3) of noise."""
    return np.random.default_rng(0).integers(0, 256, (30, 50, 3), dtype=np.uint8)
