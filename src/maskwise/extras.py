"""Optional libraries: loaded where they are used, and named when they are missing."""

import hashlib
import importlib
import importlib.util
from pathlib import Path
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


def read_weights(*, of: str, package: str, file: str, sha256: str, install: str) -> bytes:
    """The weights of a network, which lie in a package that is found and never imported.

    Args:
        of: The network, as people call it.
        package: What holds the file.
        file: Its path in the folder of the package.
        sha256: Of its bytes, as 64 hexadecimal digits.
        install: The command that brings the package.

    Raises:
        MissingExtra: The weights are not installed, or are not the known ones.
    """
    found = importlib.util.find_spec(package)
    for folder in (found.submodule_search_locations if found else None) or ():
        path = Path(folder) / file
        if path.is_file():
            content = path.read_bytes()
            if hashlib.sha256(content).hexdigest() == sha256:
                return content
    raise MissingExtra(
        f"The weights of {of} ({file} of the package {package}) are missing or not the known "
        f"ones. Install them: {install}."
    )


def _missing(library: str, extra: str | None) -> MissingExtra:
    wanted = library if extra is None else f"'maskwise[{extra}]'"
    return MissingExtra(
        f"This needs {library}, which is not installed. Install it with: pip install {wanted}"
    )
