"""Score: a collection of pictures becomes a folder of answers, however often it is cut off.

OUT/
├── plan/            which pictures are scored together
├── job.json         what was asked for, and of how many parts the plan is; written next
├── answers/         a Parquet file per part; see `maskwise.distributed.answers`
├── files.parquet    how many rows each of them holds
└── manifest.json    what was asked for and what came of it, in numbers; written last

Each of these files is whole or not there. A part is done when its answers are there, so whatever
was killed, whenever, the same command goes on with the parts that have none, and ends with the
same bytes.
"""

import io
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import compress
from typing import Any, Final, Self

import pyarrow as pa
import pyarrow.parquet as pq

from maskwise.distributed.answers import (
    SCHEMA,
    Totals,
    answers_address,
    parts_answered,
    read_totals,
)
from maskwise.distributed.collection import Collection
from maskwise.distributed.detection import Detection
from maskwise.distributed.plan import Plan
from maskwise.distributed.stores.store import join, open_store, to_address
from maskwise.distributed.unit import Unit
from maskwise.errors import InvalidInput, UnreadableImage
from maskwise.names import legible

FORMAT_VERSION: Final = 1

_PLAN, _JOB, _MANIFEST, _FILES = "plan", "job.json", "manifest.json", "files.parquet"
_MAX_BYTES: Final = 2**20
_READERS: Final = 16  # of totals at a time


@dataclass(frozen=True, slots=True)
class Scoring:
    """The scoring of a collection into a folder.

    Attributes:
        out: The address of the folder.
        job: What was asked for.
        plan: Which pictures are scored together.
    """

    out: str
    job: Mapping[str, Any]
    plan: Plan

    @classmethod
    def begin(
        cls,
        source: str,
        out: str,
        detection: Detection,
        *,
        allow_url: bool = False,
        on_listed: Callable[[int], None] = lambda _: None,
    ) -> Self:
        """Begin, or go on with what was begun.

        Args:
            source: What people name as their pictures; see `Collection`.
            out: The folder for the answers; new, empty, or of the same scoring.
            detection: Which model decides and how.
            allow_url: Whether lists may name other stores than the one that they lie in.
            on_listed: Told how many pictures and shards are listed so far.

        Raises:
            InvalidInput: The source holds no pictures, or the folder belongs to something else.
            OutputFailed: The folder cannot be written to.
            StoreFailed: Source or folder cannot be reached.
        """
        collection, folder = Collection(to_address(source), allow_url), to_address(out)
        if f"{folder}/".startswith(f"{collection.address}/"):
            raise InvalidInput(
                f"`out` must lie outside of the source. Received: {legible(out)}, inside of "
                f"{legible(source)}."
            )
        job = {
            "format_version": FORMAT_VERSION,
            "source": collection.address,
            "allow_url": allow_url,
            **detection.to_dict(),
        }
        plan_folder = join(folder, _PLAN)
        begun = _read_job(folder)
        if begun is not None:
            _require_same(folder, begun, job)
            plan = Plan(plan_folder, begun["parts"], begun["units"])
        else:
            plan = Plan.write(plan_folder, _told(collection.units(), on_listed))
            described = {**job, "parts": plan.n_parts, "units": plan.n_units}
            open_store(folder).write(join(folder, _JOB), _to_json(described))
        return cls(folder, job, plan)

    @property
    def answers(self) -> str:
        """The address of the folder of all answers."""
        return join(self.out, "answers")

    def undone(self) -> list[int]:
        """The numbers of the parts that have no answers.

        Raises:
            StoreFailed: The folder cannot be listed.
        """
        is_undone = bytearray(b"\x01" * self.plan.n_parts)
        for part in parts_answered(self.answers):
            if part < len(is_undone):
                is_undone[part] = 0
        return list(compress(range(len(is_undone)), is_undone))

    def finish(self) -> Totals:
        """Count all answers and write down what there are, once no part is undone.

        Raises:
            InvalidInput: Answers are missing or damaged.
            OutputFailed: It cannot be written.
            StoreFailed: The folder cannot be reached.
        """
        parts = range(self.plan.n_parts)
        with ThreadPoolExecutor(_READERS) as pool:
            each = list(pool.map(lambda part: read_totals(self.answers, part), parts))
        totals = sum(each, Totals())
        store = open_store(self.out)
        store.write(join(self.out, _FILES), self._list_files(each))
        manifest = {
            **self.job,
            "parts": self.plan.n_parts,
            "totals": totals.to_dict(),
            "columns": {field.name: str(field.type) for field in SCHEMA},
        }
        store.write(join(self.out, _MANIFEST), _to_json(manifest))
        return totals

    def _list_files(self, each: Sequence[Totals]) -> bytes:
        prefix = len(self.out) + 1
        table = pa.table(
            {
                "file": [answers_address(self.answers, p)[prefix:] for p in range(len(each))],
                "rows": pa.array([one.pictures + one.faces for one in each], pa.int32()),
                "pictures": pa.array([one.pictures for one in each], pa.int32()),
                "errors": pa.array([one.errors for one in each], pa.int32()),
                "faces": pa.array([one.faces for one in each], pa.int32()),
            }
        )
        content = io.BytesIO()
        pq.write_table(table, content, compression="zstd")
        return content.getvalue()


def _read_job(folder: str) -> Mapping[str, Any] | None:
    """What was asked for when the folder was begun; None if it was not."""
    store, address = open_store(folder), join(folder, _JOB)
    try:
        begun: Any = json.loads(store.read(address, max_bytes=_MAX_BYTES))
        return {**begun, "parts": int(begun["parts"]), "units": int(begun["units"])}
    except UnreadableImage:
        plan = join(folder, _PLAN) + "/"  # of a listing that was cut off
        if store.is_folder(folder) and not all(
            address.startswith(plan) for address in store.walk(folder)
        ):
            raise InvalidInput(
                "`out` must be new, empty, or of the same scoring. "
                f"Received: {legible(folder)}, which holds other files."
            ) from None
        return None
    except (ValueError, TypeError, KeyError) as error:
        raise InvalidInput(f"{legible(address)} is damaged. Remove its folder.") from error


def _require_same(folder: str, begun: Mapping[str, Any], job: Mapping[str, Any]) -> None:
    different = [name for name in job if begun.get(name) != job[name]]
    if different:
        raise InvalidInput(
            f"`out` belongs to another scoring: {', '.join(different)} differ. Name a new folder, "
            f"or remove {legible(folder)}."
        )


def _told(units: Iterator[Unit], on_listed: Callable[[int], None]) -> Iterator[Unit]:
    for n, unit in enumerate(units, start=1):
        on_listed(n)
        yield unit


def _to_json(values: Mapping[str, Any]) -> bytes:
    return (json.dumps(values, indent=2) + "\n").encode("ascii")
