"""Pixels: pictures as one uint8 array on the disk, so that memory does not grow with the set."""

import hashlib
import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import numpy as np
from numpy.lib import format as npy
from numpy.typing import NDArray

from maskwise.dataset.dataset import Dataset
from maskwise.dataset.reading import Progress
from maskwise.dataset.samples import Sample
from maskwise.dataset.threads import map_in_threads
from maskwise.durable import replacing
from maskwise.preprocess import PreprocessSpec

_OURS: Final = re.compile(r"pixels-[0-9a-f]{16}\.npy(\.partial)?")


def open_pixels(
    folder: Path,
    data: Dataset,
    samples: Sequence[Sample],
    spec: PreprocessSpec,
    *,
    on_progress: Progress | None = None,
) -> NDArray[np.uint8]:
    """Resize the pictures of `samples` into one array in `folder` and map it into memory.

    An array that an earlier call left there for the same pictures is used again.

    Returns:
        RGB pixels `(n, *size_hw, 3)` uint8, read from the disk as they are touched.

    Raises:
        BadDataset: A picture has changed since it was listed.
        OutputFailed: The array cannot be written; nothing of it is left behind.
    """
    path = folder / f"pixels-{_key(samples, spec)}.npy"
    if not path.exists():
        _write(path, data, samples, spec, on_progress)
    pixels: NDArray[np.uint8] = np.load(path, mmap_mode="r", allow_pickle=False)
    return pixels


def remove_pixels(folder: Path) -> None:
    """Remove what `open_pixels` left in `folder`: nobody asked to keep copies of the pictures."""
    for path in folder.glob("pixels-*"):
        if _OURS.fullmatch(path.name):
            path.unlink(missing_ok=True)


def _key(samples: Sequence[Sample], spec: PreprocessSpec) -> str:
    digest = hashlib.sha256(json.dumps(spec.to_dict(), sort_keys=True).encode())
    for sample in samples:
        digest.update(f"{sample.sha256} {sample.box_xyxy}".encode())
    return digest.hexdigest()[:16]


def _write(
    path: Path,
    data: Dataset,
    samples: Sequence[Sample],
    spec: PreprocessSpec,
    on_progress: Progress | None,
) -> None:
    def resize(sample: Sample) -> NDArray[np.uint8]:
        return spec.resize(data.read_face(sample, spec))

    shape = (len(samples), *spec.size_hw, 3)
    header = {"descr": npy.dtype_to_descr(np.dtype(np.uint8)), "fortran_order": False}
    # Plain writes, not a writable map: on a full disk a map dies of SIGBUS, a write says why.
    with replacing(path) as file:
        npy.write_array_header_1_0(file, {**header, "shape": shape})
        for done, pixels in enumerate(map_in_threads(resize, samples), start=1):
            file.write(pixels.tobytes())
            if on_progress is not None:
                on_progress(done, len(samples))
