"""Journal: what came of pictures so far, so that a long run that was cut off can go on."""

import json
import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from maskwise.durable import make_folder, write_text
from maskwise.errors import InvalidInput
from maskwise.names import legible
from maskwise.outputs.lines import appending, read_lines
from maskwise.outputs.outcome import Outcome

_ASKED: Final = "asked.json"
_LINES: Final = "lines.jsonl"


class Journal:
    """The folder `FILE.journal`, kept until FILE can be written whole.

    It holds what was asked for and a line per picture. It is removed by who has written FILE.

    Attributes:
        folder: Where it lies.
    """

    def __init__(self, file: Path) -> None:
        self.folder = file.with_name(file.name + ".journal")

    @property
    def exists(self) -> bool:
        """Whether something was begun and not finished."""
        return (self.folder / _ASKED).is_file()

    def begin(self, asked: Mapping[str, Any]) -> None:
        """Begin anew.

        Raises:
            OutputFailed: The folder cannot be made.
        """
        make_folder(self.folder)
        (self.folder / _LINES).unlink(missing_ok=True)
        write_text(self.folder / _ASKED, json.dumps(asked))

    def require_same(self, asked: Mapping[str, Any]) -> None:
        """Refuse to go on with something else than was begun.

        Raises:
            InvalidInput: Something differs; the message says what.
        """
        path = self.folder / _ASKED
        try:
            begun = json.loads(path.read_text(encoding="utf-8"))
            different = sorted({k for k in {*begun, *asked} if begun.get(k) != asked.get(k)})
        except (OSError, ValueError, TypeError, AttributeError) as error:
            raise InvalidInput(
                f"{legible(path)} is damaged: {error}. Remove its folder."
            ) from error
        if different:
            raise InvalidInput(
                f"`resume` must be asked for the same as before, but {', '.join(different)} "
                f"differ. Remove {legible(self.folder)} to begin anew."
            )

    def outcomes(self) -> Iterator[Outcome]:
        """What came of the pictures so far, in their order."""
        return read_lines(self.folder / _LINES)

    @contextmanager
    def adding(self) -> Iterator[Callable[[Outcome], None]]:
        """Hand out what adds an outcome; see `maskwise.outputs.lines.appending`."""
        with appending(self.folder / _LINES) as add:
            yield add

    def remove(self) -> None:
        """Remove the folder."""
        shutil.rmtree(self.folder)
