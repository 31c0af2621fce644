"""Optional libraries: loaded where they are used, and named when they are missing."""

import importlib
from types import ModuleType

from maskwise.errors import MissingExtra


def load(module: str, *, extra: str) -> ModuleType:
    """Import `module`, which stands on the optional libraries of `extra`.

    Args:
        module: Dotted name, of ours or of a library.
        extra: Name of the extra in `pip install 'maskwise[extra]'`.

    Raises:
        MissingExtra: A library that `module` needs is not installed.
    """
    try:
        return importlib.import_module(module)
    except ModuleNotFoundError as error:
        missing = error.name or module
        if missing.split(".")[0] == "maskwise":
            raise  # our own mistake, not a missing library
        raise MissingExtra(
            f"This needs {missing.split('.')[0]}, which is not installed. "
            f"Install it with: pip install 'maskwise[{extra}]'"
        ) from error
