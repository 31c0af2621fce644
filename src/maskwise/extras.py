"""Optional libraries: loaded where they are used, and named when they are missing."""

import importlib
import importlib.util
from types import ModuleType

from maskwise.errors import MissingExtra


def load(module: str, *, extra: str | None) -> ModuleType:
    """Import `module`, which stands on the optional libraries of `extra`.

    Args:
        module: Dotted name, of ours or of a library.
        extra: Name of the extra in `pip install 'maskwise[extra]'`; None for a library that is in
            none, as only those need it who have it.

    Raises:
        MissingExtra: A library that `module` needs is not installed.
    """
    try:
        return importlib.import_module(module)
    except ModuleNotFoundError as error:
        missing = (error.name or module).split(".")[0]
        if missing == "maskwise":
            raise  # our own mistake, not a missing library
        raise _missing(missing, extra) from error


def require(library: str, *, extra: str) -> None:
    """Make sure that `library` is installed, without the seconds that loading it may take.

    Raises:
        MissingExtra: It is not.
    """
    try:
        found = importlib.util.find_spec(library)
    except ModuleNotFoundError:
        found = None
    if found is None:
        raise _missing(library, extra)


def _missing(library: str, extra: str | None) -> MissingExtra:
    wanted = library if extra is None else f"'maskwise[{extra}]'"
    return MissingExtra(
        f"This needs {library}, which is not installed. Install it with: pip install {wanted}"
    )
