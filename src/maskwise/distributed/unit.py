"""Unit: the least that a plan lists: a picture, a TAR shard, or a row group of Parquet."""

from dataclasses import dataclass

PICTURE, SHARD, ROWS = "picture", "shard", "rows"


@dataclass(frozen=True, slots=True)
class Unit:
    """Something that one process reads at a stretch.

    Attributes:
        kind: `PICTURE`, one picture; `SHARD`, all pictures of a TAR; `ROWS`, those of a row group
            of a Parquet file that holds their bytes.
        address: Where the file lies; see `maskwise.distributed.stores.store`.
        row_group: Which, for `ROWS`.
    """

    kind: str
    address: str
    row_group: int = 0
