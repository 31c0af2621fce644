"""Collection: what people name as their pictures becomes units, without reading a picture."""

import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Final, TextIO

import pyarrow as pa
import pyarrow.parquet as pq

from maskwise.dataset.formats.tree import IMAGE_SUFFIXES
from maskwise.distributed.columns import BYTES_NAMES, PATH_NAMES, bytes_column, path_column
from maskwise.distributed.stores.store import join, open_store, require_store, split
from maskwise.distributed.unit import PICTURE, ROWS, SHARD, Unit
from maskwise.errors import InvalidInput, UnreadableImage
from maskwise.names import legible

SHARD_SUFFIX: Final = ".tar"
TABLE_SUFFIX: Final = ".parquet"

_LIST_SUFFIXES: Final = (".csv", ".txt")
_MAX_CELL: Final = 2**17  # of a CSV; longer ones are no paths


@dataclass(frozen=True, slots=True)
class Collection:
    """Pictures that are to be scored.

    Attributes:
        address: A folder, a TAR shard, a Parquet file, a list (`.csv`, `.txt`), or a picture.
        allow_url: Whether its lists may name other stores than the one that they lie in.
    """

    address: str
    allow_url: bool = False

    def units(self) -> Iterator[Unit]:
        """What it consists of, in an order that only its contents decide.

        Raises:
            InvalidInput: It is nothing of that kind, holds no pictures, or a list in it names
                something elsewhere and may not.
            StoreFailed: It cannot be reached or listed.
        """
        n = 0
        for n, unit in enumerate(self._find(), start=1):  # noqa: B007 - counted
            yield unit
        if not n:
            raise InvalidInput(
                "A source must hold pictures, TAR shards or Parquet files of them. "
                f"Received: {legible(self.address)}, which holds none."
            )

    def _find(self) -> Iterator[Unit]:
        store = open_store(self.address)
        if store.is_folder(self.address):
            for address in store.walk(self.address):
                yield from self._file(address)
        elif _suffix(self.address) in _LIST_SUFFIXES:
            yield from self._listed()
        elif _suffix(self.address) in (*IMAGE_SUFFIXES, SHARD_SUFFIX, TABLE_SUFFIX):
            yield from self._file(self.address)
        else:
            raise InvalidInput(
                "A source must be a folder that can be listed, a TAR (.tar), a Parquet file, a "
                f"list (.csv, .txt) or a picture. Received: {legible(self.address)}."
            )

    def _file(self, address: str) -> Iterator[Unit]:
        suffix = _suffix(address)
        if suffix in IMAGE_SUFFIXES:
            yield Unit(PICTURE, address)
        elif suffix == SHARD_SUFFIX:
            yield Unit(SHARD, address)
        elif suffix == TABLE_SUFFIX:
            yield from self._table(address)

    def _table(self, address: str) -> Iterator[Unit]:
        try:
            with open_store(address).open(address) as file:
                table = pq.ParquetFile(file)
                if bytes_column(table.schema_arrow) is not None:
                    for row_group in range(table.num_row_groups):
                        yield Unit(ROWS, address, row_group)
                    return
                column = path_column(table.schema_arrow.names)
                if column is None or not _is_text(table.schema_arrow.field(column).type):
                    raise InvalidInput(
                        f"{legible(address)} must have a column of pictures "
                        f"({', '.join(BYTES_NAMES)}) or of paths ({', '.join(PATH_NAMES)}). "
                        f"Received: {legible(', '.join(table.schema_arrow.names))}."
                    )
                for batch in table.iter_batches(columns=[column]):
                    for name in batch.column(0).to_pylist():
                        yield self._named(name or "", address)
        except InvalidInput:
            raise
        except (pa.ArrowException, OSError, ValueError) as error:
            require_store(address, error)
            raise InvalidInput(f"{legible(address)} is no Parquet that can be read.") from error
        except UnreadableImage as error:
            raise InvalidInput(f"A source must be readable. {error}") from error

    def _listed(self) -> Iterator[Unit]:
        try:
            file = open_store(self.address).open(self.address)
            with io.TextIOWrapper(file, encoding="utf-8-sig", newline="") as text:
                is_csv = _suffix(self.address) == ".csv"
                for name in (_read_csv if is_csv else _read_lines)(text, self.address):
                    yield self._named(name, self.address)
        except UnicodeDecodeError as error:
            raise InvalidInput(f"{legible(self.address)} must be a text in UTF-8.") from error
        except UnreadableImage as error:
            raise InvalidInput(f"A source must be readable. {error}") from error

    def _named(self, name: str, list_address: str) -> Unit:
        address = join(list_address.rpartition("/")[0], name)
        leads_on = "://" in name and _place_of(address) != _place_of(list_address)
        if leads_on and not self.allow_url:
            raise InvalidInput(
                f"{legible(list_address)} names something that lies elsewhere, which is only "
                f"fetched with `--allow-url`. Received: {legible(shown_address(address))}."
            )
        return Unit(PICTURE, address)


def shown_address(address: str) -> str:
    """An address as it can be shown: keys often stand in the query of a URL."""
    return address.partition("?")[0] if split(address)[0] in ("http", "https") else address


def _place_of(address: str) -> tuple[str, str]:
    scheme, rest = split(address)
    return scheme, rest.partition("/")[0] if scheme else ""


def _suffix(address: str) -> str:
    path = shown_address(address)
    return PurePosixPath(path).suffix.lower()


def _is_text(kind: pa.DataType) -> bool:
    return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind))


def _read_csv(text: TextIO, address: str) -> Iterator[str]:
    csv.field_size_limit(_MAX_CELL)
    try:
        rows = csv.DictReader(text)
        column = path_column(rows.fieldnames or ())
        if column is None:
            raise InvalidInput(
                f"The first line of {legible(address)} must name a column {', '.join(PATH_NAMES)}. "
                f"Received: {legible(', '.join(rows.fieldnames or ()))[:200]}."
            )
        for row in rows:
            yield row[column] or ""
    except csv.Error as error:
        raise InvalidInput(f"{legible(address)} is no CSV that can be read: {error}.") from error


def _read_lines(text: TextIO, address: str) -> Iterator[str]:  # noqa: ARG001
    for line in text:
        name = line.strip()
        if name and not name.startswith("#"):
            yield name
