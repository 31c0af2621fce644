"""Columns: in which columns of a table pictures stand, or the paths that lead to them."""

from collections.abc import Sequence
from typing import Final

import pyarrow as pa

PATH_NAMES: Final = ("path", "url", "image", "file", "filename", "source")
"""What a column of paths or URLs may be called; the first that there is counts."""

BYTES_NAMES: Final = ("image", "bytes", "jpg", "jpeg", "png", "webp", "content")
"""What a column of the bytes of pictures may be called."""


def path_column(names: Sequence[str]) -> str | None:
    """The column of a list that holds paths or URLs, if one does."""
    return next((name for name in PATH_NAMES if name in names), None)


def bytes_column(schema: pa.Schema) -> str | None:
    """The column of a Parquet file that holds the bytes of pictures, if one does.

    Bytes may stand in a struct under `bytes`, as in data sets of Hugging Face.
    """
    return next(
        (name for name in BYTES_NAMES if name in schema.names and _is_bytes(schema.field(name))),
        None,
    )


def _is_bytes(field: pa.Field) -> bool:
    kind = field.type
    if pa.types.is_struct(kind):
        index = kind.get_field_index("bytes")
        return index >= 0 and _is_bytes(kind.field(index))
    return bool(pa.types.is_binary(kind) or pa.types.is_large_binary(kind))
