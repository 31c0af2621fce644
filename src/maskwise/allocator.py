"""Allocator: keeps the buffers of one training step, or of one large photo, for the next."""

import ctypes
import sys
from typing import Final

_M_TRIM_THRESHOLD: Final = -1
_M_TOP_PAD: Final = -2
_M_MMAP_MAX: Final = -4
_NEVER: Final = 2**31 - 1
_PAD_BYTES: Final = 64 * 2**20


def keep_freed_memory() -> None:
    """Ask the C library of this process to reuse freed memory instead of returning it.

    A step of the reference network passes buffers of 60 MB from layer to layer, and a photo of 12
    megapixels takes two of 36 MB. By default glibc gives each back to the system and takes it anew,
    page by page, every time. Other C libraries are left as they are.
    """
    if sys.platform != "linux":
        return
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is None:
        return
    mallopt(_M_MMAP_MAX, 0)
    mallopt(_M_TRIM_THRESHOLD, _NEVER)
    mallopt(_M_TOP_PAD, _PAD_BYTES)
