"""Job: what a worker is asked, what it answers, and how both are written between processes.

Only JSON and the bytes of pictures go from one to the other, nothing that could be code: a picture
that takes over the process which decodes it has gained nothing more.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from multiprocessing.connection import Connection
from typing import Any, Literal

Kind = Literal["detect", "annotate", "infer"]
"""`detect`: a picture to its faces. `annotate`: to a picture with the faces drawn. `infer`: a
request of the Open Inference Protocol to its answer."""


@dataclass(frozen=True, slots=True)
class Job:
    """What a worker is asked.

    Attributes:
        kind: Of the question.
        content: The bytes as they came: of a picture, or of a request.
        min_probability: Answers that are less sure become *unsure*.
        is_blurred: Whether faces in an annotated picture are made unrecognisable.
        json_bytes: Of `content` at its beginning, that are JSON; the rest are tensors.
    """

    kind: Kind
    content: bytes = field(repr=False)
    min_probability: float = 0.0
    is_blurred: bool = False
    json_bytes: int | None = None


@dataclass(frozen=True, slots=True)
class Answer:
    """What a worker answers.

    Attributes:
        status: As HTTP has it: 200, or why there is no answer.
        body: What is said, ready for `json.dumps`; `message` if there is no answer.
        content: A picture, or tensors.
        seconds: How long each part of the work took, by name.
        model: Which model answered: `name`, `version`, `sha256`.
    """

    status: int
    body: Mapping[str, Any]
    content: bytes = field(default=b"", repr=False)
    seconds: Mapping[str, float] = field(default_factory=dict)
    model: Mapping[str, str] = field(default_factory=dict)


def send_jobs(connection: Connection, jobs: Sequence[Job]) -> None:
    """Ask several at once."""
    heads = [
        {name: value for name, value in asdict(job).items() if name != "content"} for job in jobs
    ]
    connection.send_bytes(json.dumps(heads).encode("ascii"))
    for job in jobs:
        connection.send_bytes(job.content)


def receive_jobs(connection: Connection) -> list[Job]:
    """What `send_jobs` sent.

    Raises:
        EOFError: Who asked has gone.
    """
    heads = json.loads(connection.recv_bytes())
    return [Job(content=connection.recv_bytes(), **head) for head in heads]


def send_answers(connection: Connection, answers: Sequence[Answer]) -> None:
    """Answer all that was asked at once, in its order."""
    heads = [
        {name: value for name, value in asdict(answer).items() if name != "content"}
        for answer in answers
    ]
    connection.send_bytes(json.dumps(heads).encode("ascii"))
    for answer in answers:
        connection.send_bytes(answer.content)


def receive_answers(connection: Connection) -> list[Answer]:
    """What `send_answers` sent.

    Raises:
        EOFError: Who was asked has died.
    """
    heads = json.loads(connection.recv_bytes())
    return [Answer(content=connection.recv_bytes(), **head) for head in heads]
