"""Files: what a report leaves on the disk."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from maskwise.durable import make_folder, write_text


def json_text(values: Mapping[str, Any]) -> str:
    """Plain values as strict JSON in plain ASCII; names of files survive whatever their bytes."""
    return json.dumps(values, indent=2, allow_nan=False) + "\n"


def write_files(folder: Path, texts: Mapping[str, str]) -> list[Path]:
    """Write texts into a folder, by the names of their files.

    Returns:
        The paths, in this order.

    Raises:
        OutputFailed: We may not write there or the disk is full; each file is old or new.
    """
    make_folder(folder)
    for name, text in texts.items():
        write_text(folder / name, text)
    return [folder / name for name in texts]
