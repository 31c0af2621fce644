"""Part: the pictures of one, read a little ahead of who decides on them."""

import tarfile
from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from itertools import islice
from pathlib import PurePosixPath
from typing import Any, Final

import pyarrow as pa
import pyarrow.parquet as pq

from maskwise.dataset.formats.tree import IMAGE_SUFFIXES
from maskwise.distributed.collection import shown_address
from maskwise.distributed.columns import bytes_column
from maskwise.distributed.stores.store import open_store, require_store
from maskwise.distributed.unit import PICTURE, SHARD, Unit
from maskwise.errors import InvalidInput, UnreadableImage
from maskwise.images import MAX_BYTES
from maskwise.names import legible

_READERS: Final = 8  # threads, which mostly wait
_AHEAD: Final = 16  # pictures
_ROWS_AT_ONCE: Final = 16


@dataclass(frozen=True, slots=True)
class Encoded:
    """A picture, not yet decoded.

    Attributes:
        name: What answers call it.
        content: Its bytes; of one that is too large more than `MAX_BYTES`. None if it could not be
            read.
        error: Why it could not be read.
    """

    name: str
    content: bytes | None
    error: str = ""


def read_part(units: Sequence[Unit], start: int = 0) -> Iterator[Encoded]:
    """The pictures of a part, from the one numbered `start` on.

    What is gone or broken costs one entry, with an error.

    Raises:
        StoreFailed: Where they lie cannot be reached.
    """
    if units[0].kind == PICTURE:
        yield from _read_ahead(units[start:])
    else:
        read = _read_shard if units[0].kind == SHARD else _read_rows
        yield from islice(read(units[0], start), start, None)


def _read_ahead(units: Sequence[Unit]) -> Iterator[Encoded]:
    waiting = iter(units)
    ahead: deque[Future[Encoded]] = deque()
    pool = ThreadPoolExecutor(_READERS, thread_name_prefix="reading")
    try:
        while True:
            ahead.extend(
                pool.submit(_read_picture, unit) for unit in islice(waiting, _AHEAD - len(ahead))
            )
            if not ahead:
                return
            yield ahead.popleft().result()
    finally:
        pool.shutdown(wait=False, cancel_futures=True)


def _read_picture(unit: Unit) -> Encoded:
    name = shown_address(unit.address)
    try:
        store = open_store(unit.address)
        return Encoded(name, store.read(unit.address, max_bytes=MAX_BYTES + 1))
    except (UnreadableImage, InvalidInput) as error:
        return Encoded(name, None, str(error))


def _read_shard(unit: Unit, start: int) -> Iterator[Encoded]:
    shard = shown_address(unit.address)
    n_read = 0
    try:
        with (
            open_store(unit.address).open(unit.address) as file,
            tarfile.open(fileobj=file, mode="r|") as members,
        ):
            for member in members:
                if not _is_picture(member):
                    continue
                content = b""
                if n_read >= start and (opened := members.extractfile(member)):
                    content = opened.read(MAX_BYTES + 1)
                yield Encoded(f"{shard}/{member.name}", content)
                n_read += 1
    except UnreadableImage as error:
        yield Encoded(shard, None, str(error))
    except (tarfile.TarError, OSError, ValueError) as error:
        require_store(unit.address, error)
        yield Encoded(
            shard, None, f"{legible(shard)}: the shard is damaged behind {n_read} pictures: {error}"
        )


def _is_picture(member: tarfile.TarInfo) -> bool:
    path = PurePosixPath(member.name)
    hidden = any(part.startswith(".") and part != "." for part in path.parts)
    return member.isreg() and not hidden and path.suffix.lower() in IMAGE_SUFFIXES


def _read_rows(unit: Unit, start: int) -> Iterator[Encoded]:  # noqa: ARG001
    name = shown_address(unit.address)
    try:
        with open_store(unit.address).open(unit.address) as file:
            table = pq.ParquetFile(file)
            column = bytes_column(table.schema_arrow)
            if column is None or unit.row_group >= table.num_row_groups:
                raise UnreadableImage(f"{legible(name)}: it was changed since it was listed")
            number = sum(table.metadata.row_group(g).num_rows for g in range(unit.row_group))
            batches = table.iter_batches(
                _ROWS_AT_ONCE, row_groups=[unit.row_group], columns=[column]
            )
            for batch in batches:
                for value in batch.column(0):
                    yield _row(f"{name}#{number}", value.as_py())
                    number += 1
    except UnreadableImage as error:
        yield Encoded(name, None, str(error))
    except (pa.ArrowException, OSError, ValueError) as error:
        require_store(unit.address, error)
        yield Encoded(name, None, f"{legible(name)}: the Parquet is damaged: {error}")


def _row(name: str, value: Any) -> Encoded:
    content = value.get("bytes") if isinstance(value, dict) else value
    if content is None:
        return Encoded(name, None, f"{legible(name)}: the row holds no picture")
    return Encoded(name, content)
