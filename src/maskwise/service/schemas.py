"""Schemas: what the service says, typed, with examples; they make its OpenAPI."""

from typing import Annotated, Any, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, JsonValue

_FACE: Final[dict[str, JsonValue]] = {
    "box_xyxy": [412.06, 118.4, 506.91, 241.77],
    "label": "with_mask",
    "probability": {"without_mask": 0.000214, "with_mask": 0.998317, "incorrect": 0.001469},
    "detector_score": 0.961204,
}
_MODEL: Final[dict[str, JsonValue]] = {"name": "maskwise", "version": "1", "sha256": "5d0c…"}


class Model(BaseModel):
    """Which model answered."""

    name: str
    version: str
    sha256: Annotated[str, Field(description="Of all files of its bundle.")]


class Face(BaseModel):
    """A face of a picture."""

    model_config = ConfigDict(json_schema_extra={"examples": [_FACE]})

    box_xyxy: Annotated[
        list[float],
        Field(
            min_length=4,
            max_length=4,
            description="Left, top, right and bottom in pixels of the upright picture.",
        ),
    ]
    label: Literal["without_mask", "with_mask", "incorrect", "unsure"]
    probability: Annotated[
        dict[str, float], Field(description="Of each class, calibrated; they sum to 1.")
    ]
    detector_score: Annotated[
        float, Field(ge=0, le=1, description="How sure it is that this is a face.")
    ]
    quality: Annotated[
        list[str], Field(description="Reasons to doubt the face; with any it is *unsure*.")
    ] = []


class Picture(BaseModel):
    """What came of a picture."""

    width: Annotated[int, Field(description="Of the upright picture, in pixels.")]
    height: int
    faces: list[Face]


class PictureError(BaseModel):
    """Why a picture has no answer."""

    code: str
    message: str


class UnreadablePicture(BaseModel):
    """A picture among several that has no answer."""

    error: PictureError


class Detection(BaseModel):
    """The answer to `POST /v1/detect`."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "request_id": "7c9e6679",
                    "model": _MODEL,
                    "results": [{"width": 1280, "height": 720, "faces": [_FACE]}],
                }
            ]
        }
    )

    request_id: str
    model: Model
    results: Annotated[
        list[Picture | UnreadablePicture],
        Field(description="One for each picture, in their order."),
    ]


class ErrorBody(BaseModel):
    """What is wrong: `code` for programs, `message` for people."""

    code: str
    message: str
    request_id: str


class Error(BaseModel):
    """Why a request has no answer."""

    error: ErrorBody


class ModelCard(Model):
    """What `GET /v1/model` tells."""

    licence: str
    labels: list[str]
    precision: str
    strict: bool
    preprocess: dict[str, Any]
    decision: dict[str, Any]
    quality: dict[str, Any]
    detector: dict[str, str]
    card: Annotated[str, Field(description="The model card, in Markdown.")]


class Health(BaseModel):
    """How the service does."""

    status: Literal["ok", "not_ready"]
    reason: str = ""


class ProtocolError(BaseModel):
    """Why a request of the Open Inference Protocol has no answer."""

    error: str


class ProtocolServer(BaseModel):
    """What the server is."""

    name: str
    version: str
    extensions: list[str]


class Live(BaseModel):
    """Whether the process is up."""

    live: bool


class Ready(BaseModel):
    """Whether pictures can be decided on."""

    ready: bool
    name: str | None = None


class TensorMetadata(BaseModel):
    """What goes into a model, or comes out; -1 is any length."""

    name: str
    datatype: str
    shape: list[int]


class ModelMetadata(BaseModel):
    """A model, as the protocol tells it."""

    name: str
    versions: list[str]
    platform: str
    inputs: list[TensorMetadata]
    outputs: list[TensorMetadata]


class Tensor(BaseModel):
    """Values, row by row, or how many bytes after the JSON hold them."""

    name: str
    datatype: str
    shape: list[int]
    data: list[float] | None = None
    parameters: dict[str, Any] | None = None


class InferenceAnswer(BaseModel):
    """What was decided on cut out faces."""

    model_name: str
    model_version: str
    id: str | None = None
    outputs: list[Tensor]
