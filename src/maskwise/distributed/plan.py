"""Plan: which pictures are scored together, written down before the first is read.

OUT/plan/
├── 000000.parquet   a thousand parts, one row group each, one row per unit
└── 000001.parquet   ...

So a run that was cut off goes on with the very same parts, whatever happened to the source since.
Parts grow with the collection, so that neither ten pictures nor ten thousand million make it
unwieldy.
"""

import io
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Final, Self

import pyarrow as pa
import pyarrow.parquet as pq

from maskwise.distributed.stores.store import Store, join, open_store
from maskwise.distributed.unit import PICTURE, Unit
from maskwise.errors import InvalidInput, UnreadableImage
from maskwise.names import legible

_PARTS_A_FILE: Final = 1000
_PICTURES_A_PART: Final = 64
_MAX_DOUBLINGS: Final = 5
_SCHEMA: Final = pa.schema(
    # Names of files need not be UTF-8.
    [("kind", pa.string()), ("address", pa.binary()), ("row_group", pa.int32())]
)


@dataclass(frozen=True, slots=True)
class Plan:
    """The parts of a collection.

    Attributes:
        folder: The address in which it lies.
        n_parts: How many there are, numbered from 0.
        n_units: How many units they hold.
    """

    folder: str
    n_parts: int
    n_units: int

    @classmethod
    def write(cls, folder: str, units: Iterable[Unit]) -> Self:
        """Cut a collection into parts, and write them down.

        Raises:
            OutputFailed: It cannot be written.
        """
        store = open_store(folder)
        parts = _parts(units)
        n_parts = n_units = 0
        while several := _write_file(store, folder, n_parts // _PARTS_A_FILE, parts):
            n_parts += several[0]
            n_units += several[1]
            if several[0] < _PARTS_A_FILE:
                break
        return cls(folder, n_parts, n_units)

    def read(self, part: int) -> list[Unit]:
        """The units of a part.

        Raises:
            InvalidInput: The plan is damaged or incomplete.
            StoreFailed: It cannot be reached.
        """
        address = _file_address(self.folder, part // _PARTS_A_FILE)
        try:
            with open_store(address).open(address) as file:
                table = pq.ParquetFile(file).read_row_group(part % _PARTS_A_FILE)
        except (pa.ArrowException, OSError, UnreadableImage) as error:
            raise InvalidInput(f"{legible(address)} is damaged. Remove its folder.") from error
        return [
            Unit(row["kind"], row["address"].decode("utf-8", "surrogateescape"), row["row_group"])
            for row in table.to_pylist()
        ]


def pictures_of_part(number: int) -> int:
    """How many pictures the part of a number holds, if it is full."""
    return _PICTURES_A_PART << min(number // _PARTS_A_FILE, _MAX_DOUBLINGS)


def _parts(units: Iterable[Unit]) -> Iterator[list[Unit]]:
    """Pictures so many together; whatever holds many is a part of its own."""
    n_parts, together = 0, list[Unit]()
    for unit in units:
        if together and (unit.kind != PICTURE or len(together) == pictures_of_part(n_parts)):
            yield together
            n_parts, together = n_parts + 1, []
        if unit.kind == PICTURE:
            together.append(unit)
        else:
            yield [unit]
            n_parts += 1
    if together:
        yield together


def _write_file(
    store: Store, folder: str, number: int, parts: Iterator[list[Unit]]
) -> tuple[int, int] | None:
    """Write the next thousand parts into a file; how many there were, and of how many units."""
    n_parts = n_units = 0
    content = io.BytesIO()
    with pq.ParquetWriter(content, _SCHEMA, compression="zstd") as writer:
        for units in islice(parts, _PARTS_A_FILE):
            columns = {
                "kind": [unit.kind for unit in units],
                "address": [unit.address.encode("utf-8", "surrogateescape") for unit in units],
                "row_group": [unit.row_group for unit in units],
            }
            writer.write_table(pa.table(columns, schema=_SCHEMA))
            n_parts, n_units = n_parts + 1, n_units + len(units)
    if not n_parts:
        return None
    store.write(_file_address(folder, number), content.getvalue())
    return n_parts, n_units


def _file_address(folder: str, number: int) -> str:
    return join(folder, f"{number:06d}.parquet")
