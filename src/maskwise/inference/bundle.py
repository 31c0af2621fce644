"""Bundle: the folder in which a trained network travels, with all that deciding needs.

BUNDLE/
├── bundle.json      format version, classes, preprocessing, rules, detector, models, provenance
├── MODEL_CARD.md    what it is for, how good it is, what it was trained on
├── SHA256SUMS       the hash of every other file; `sha256sum -c SHA256SUMS` checks them
└── model.onnx ...   the network, once per runtime and precision

It may come from anywhere, so it is read strictly: what is unknown, missing, out of range or not
what `SHA256SUMS` lists is refused; nothing in it is ever run, and reading it writes nothing.
`docs/bundle.md` describes each field.
"""

import json
import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final, Self

from maskwise.durable import make_folder, whole_folder, write_bytes
from maskwise.errors import BadBundle, InvalidInput
from maskwise.faces.detector import DETECTORS, MODES
from maskwise.inference.decision import DecisionRule
from maskwise.inference.quality import QualityRule
from maskwise.inference.seal import SUMS, Seal, list_sums, require_names
from maskwise.inference.strict_json import parse_object, require_fields
from maskwise.labels import LABELS
from maskwise.names import legible
from maskwise.preprocess import PreprocessSpec

FORMAT_VERSION: Final = 1
RUNTIME_NAMES: Final = ("onnx", "litert", "openvino", "savedmodel")
"""What a model file can be made for."""
PRECISIONS: Final = ("int8", "fp32")
"""Of the weights and arithmetic of a model, the preferred first."""
SHIPPED: Final = "shipped"
"""Stands for the bundle that comes with maskwise."""
MAX_MODEL_BYTES: Final = 200 * 10**6

_DESCRIPTION: Final = "bundle.json"
_CARD: Final = "MODEL_CARD.md"
_SHIPPED: Final = Path(__file__).parents[1] / "shipped"
_MAX_TEXT_BYTES: Final = 10**6
_MAX_WORDS: Final = 200
_MAX_SIZE: Final = 1024
_NUMBER: Final[tuple[type, ...]] = (int, float)
_FIELDS: Final[Mapping[str, type]] = {
    **{"format_version": int, "name": str, "version": str, "licence": str, "labels": list},
    **{"preprocess": dict, "decision": dict, "quality": dict, "detector": dict, "models": list},
    **{"training": dict, "metrics": dict, "golden": dict, "created_with": dict},
}
_PREPROCESS_FIELDS: Final[Mapping[str, type | tuple[type, ...]]] = {
    **{"size_hw": list, "divisor": _NUMBER, "resize_filter": str, "crop_margin": _NUMBER},
    "colour_order": str,
}
_MODEL_FIELDS: Final = {"runtime": str, "precision": str, "files": list, "proof": dict}


@dataclass(frozen=True, slots=True)
class ModelFile:
    """The network in the format of one runtime.

    Attributes:
        runtime: An entry of `RUNTIME_NAMES`.
        precision: An entry of `PRECISIONS`.
        files: Names in the bundle, in the order in which the runtime takes them.
        proof: How far its answers were found from those of the network that was trained.
    """

    runtime: str
    precision: str
    files: tuple[str, ...]
    proof: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Bundle:
    """What a bundle says. Made by `write_bundle`, found again by `Bundle.open`.

    Attributes:
        folder: Where it lies.
        name: Of the network.
        version: Of the network.
        labels: Class numbers in the order of its outputs: `(0, 1)` or `(0, 1, 2)`.
        preprocess: From face to network input.
        rule: From probabilities to answers.
        quality: Which faces are not answered.
        detector: How faces are found if nobody says otherwise: `faces` and `mode`, as
            `open_detector` takes them.
        models: The network for each runtime and precision, each at most once.
        training: What it was trained on and how, for people and audits.
        metrics: How good it was found to be, and on what.
        golden: Inputs and the answers that every runtime must give to them.
        licence: Under which the weights may be used.
        created_with: Versions of what took part.
        seal: The hashes of its files.
    """

    folder: Path
    name: str
    version: str
    labels: tuple[int, ...]
    preprocess: PreprocessSpec
    rule: DecisionRule
    quality: QualityRule
    detector: Mapping[str, str]
    models: tuple[ModelFile, ...]
    training: Mapping[str, Any]
    metrics: Mapping[str, Any]
    golden: Mapping[str, Any]
    licence: str
    created_with: Mapping[str, Any]
    seal: Seal

    @classmethod
    def open(cls, path: str | os.PathLike[str]) -> Self:
        """Read a bundle, without its models.

        Raises:
            BadBundle: There is none; another version of maskwise wrote it; it was changed, holds
                anything else or less than it lists, or does not fit together.
        """
        folder = Path(path)
        if not has_bundle(folder):
            raise BadBundle(
                f"{legible(folder)} holds no bundle: {_DESCRIPTION} is missing. "
                "Name a folder that `maskwise export` made."
            )
        seal = Seal.open(folder)
        seal.read(_CARD, max_bytes=_MAX_TEXT_BYTES)
        content = seal.read(_DESCRIPTION, max_bytes=_MAX_TEXT_BYTES)
        try:
            return cls(folder=folder, seal=seal, **_parse(content, seal.sha256.keys()))
        except ValueError as error:  # InvalidInput is one
            raise BadBundle(f"{legible(folder / _DESCRIPTION)}: {error}") from error

    def find(self, runtime: str, precision: str | None = None) -> ModelFile:
        """The model for a runtime.

        Args:
            runtime: An entry of `RUNTIME_NAMES`.
            precision: An entry of `PRECISIONS`; None takes the first that there is.

        Raises:
            InvalidInput: The bundle holds no such model.
        """
        for wanted in PRECISIONS if precision is None else (precision,):
            for model in self.models:
                if (model.runtime, model.precision) == (runtime, wanted):
                    return model
        held = ", ".join(f"{model.runtime} {model.precision}" for model in self.models)
        received = " ".join(filter(None, (runtime, precision)))
        raise InvalidInput(
            f"`runtime` and `precision` must name a model of {legible(self.folder)}: {held}. "
            f"Received: {received}."
        )

    def read_card(self) -> str:
        """The model card, in Markdown.

        Raises:
            BadBundle: It cannot be read, was changed, or is no text.
        """
        content = self.seal.read(_CARD, max_bytes=_MAX_TEXT_BYTES)
        try:
            return content.decode("utf-8")
        except UnicodeDecodeError as error:
            raise BadBundle(f"{legible(self.folder / _CARD)} is no UTF-8.") from error

    def read(self, model: ModelFile) -> tuple[bytes, ...]:
        """The files of a model, in order; what is returned is what was hashed.

        Raises:
            BadBundle: A file cannot be read, has more than 200 MB, or was changed.
        """
        return tuple(self.seal.read(name, max_bytes=MAX_MODEL_BYTES) for name in model.files)


def has_bundle(folder: Path) -> bool:
    """Whether a bundle lies in `folder`, be it whole or not."""
    return os.path.lexists(folder / _DESCRIPTION)


def shipped_folder() -> Path:
    """Where the bundle lies that comes with maskwise."""
    return _SHIPPED


def model_folder(model: str | os.PathLike[str] | None) -> Path:
    """The folder of a model as people name it.

    Args:
        model: The folder of a bundle or run; `shipped` or None for the bundle that comes with
            maskwise. A folder of that name is `./shipped`.
    """
    return _SHIPPED if model is None or os.fspath(model) == SHIPPED else Path(model)


def write_bundle(  # noqa: D417 - the others are described once, at `Bundle`
    folder: str | os.PathLike[str],
    *,
    name: str,
    version: str,
    labels: Sequence[int],
    preprocess: PreprocessSpec,
    rule: DecisionRule,
    quality: QualityRule,
    detector: Mapping[str, str],
    models: Sequence[ModelFile],
    training: Mapping[str, Any],
    metrics: Mapping[str, Any],
    golden: Mapping[str, Any],
    licence: str,
    created_with: Mapping[str, Any],
    contents: Mapping[str, bytes],
    card: str,
) -> Bundle:
    """Write a bundle, whole or not at all; see `Bundle` for what is not told of here.

    Args:
        folder: Where it is to lie; missing or empty.
        contents: The files of all models by name.
        card: The model card, in Markdown.

    Raises:
        BadBundle: What is to be written does not fit together; nothing was written.
        OutputFailed: The folder is not empty or closed to us, or the disk is full.
    """
    description = {
        **{"format_version": FORMAT_VERSION, "name": name, "version": version, "licence": licence},
        "labels": [LABELS[label] for label in labels],
        "preprocess": preprocess.to_dict(),
        "decision": rule.to_dict(),
        "quality": quality.to_dict(),
        "detector": detector,
        "models": [{**asdict(model), "files": list(model.files)} for model in models],
        **{"training": training, "metrics": metrics, "golden": golden},
        "created_with": created_with,
    }
    files = {**contents, _CARD: card.encode()}
    try:
        if reserved := contents.keys() & {_DESCRIPTION, _CARD, SUMS}:
            raise ValueError(f"{min(reserved)} cannot be the name of a model's file")
        files[_DESCRIPTION] = (json.dumps(description, indent=2, allow_nan=False) + "\n").encode()
        require_names(files)
        _require_sizes(files)
        _parse(files[_DESCRIPTION], files.keys())
    except (ValueError, TypeError) as error:
        raise BadBundle(f"{legible(Path(folder))} cannot be made a bundle: {error}") from error
    with whole_folder(Path(folder)) as beside:
        for file_name, content in {**files, SUMS: list_sums(files)}.items():
            make_folder((beside / file_name).parent)
            write_bytes(beside / file_name, content)
    return Bundle.open(folder)


def _require_sizes(files: Mapping[str, bytes]) -> None:
    for name, content in files.items():
        most = _MAX_TEXT_BYTES if name in (_DESCRIPTION, _CARD) else MAX_MODEL_BYTES
        if len(content) > most:
            raise ValueError(f"{name} must have at most {most} bytes; received: {len(content)}")


def _parse(content: bytes, names: Iterable[str]) -> dict[str, Any]:
    """The fields of a `Bundle` that stand in its description.

    Raises:
        ValueError: Something in it is not as it must be, or it lists other files than `names`.
    """
    values = parse_object(content)
    _require_version(values)
    require_fields(values, _FIELDS, "a bundle")
    for field in ("name", "version", "licence"):
        _require_words(values[field], field)
    require_fields(values["detector"], {"faces": str, "mode": str}, "`detector`")
    _require_one_of(values["detector"]["faces"], tuple(DETECTORS), "detector.faces")
    _require_one_of(values["detector"]["mode"], MODES, "detector.mode")
    models = tuple(_parse_model(model) for model in values["models"])
    _require_models(models, set(names) - {_DESCRIPTION, _CARD})
    plain = ("name", "version", "licence", "detector", "training", "metrics", "golden")
    return {
        **{field: values[field] for field in (*plain, "created_with")},
        "labels": _parse_labels(values["labels"]),
        "preprocess": _parse_preprocess(values["preprocess"]),
        "rule": DecisionRule.from_dict(values["decision"]),
        "quality": QualityRule.from_dict(values["quality"]),
        "models": models,
    }


def _require_version(values: Mapping[str, Any]) -> None:
    version = values.get("format_version")
    if type(version) is not int or version < 1:
        raise ValueError(f"it has no `format_version` that we know; received: {version!r:.40}")
    if version > FORMAT_VERSION:
        raise ValueError(
            f"it is a bundle of format {version}, but this version of maskwise reads formats up "
            f"to {FORMAT_VERSION}; upgrade maskwise, or export the network with this version"
        )


def _require_words(text: str, field: str) -> None:
    if not (0 < len(text) <= _MAX_WORDS and text.isprintable()):
        raise ValueError(
            f"`{field}` must be 1 to {_MAX_WORDS} printable characters; "
            f"received: {legible(text[:40])!r}"
        )


def _require_one_of(value: str, allowed: Sequence[str], field: str) -> None:
    if value not in allowed:
        raise ValueError(
            f"`{field}` must be one of {', '.join(allowed)}; received: {legible(value[:40])!r}"
        )


def _parse_labels(names: Sequence[Any]) -> tuple[int, ...]:
    # The order decides what an output means, so no other one is taken and put right.
    allowed = [list(LABELS[:2]), list(LABELS)]
    if names not in allowed:
        raise ValueError(
            f"`labels` must be {' or '.join(map(str, allowed))}, in this order; "
            f"received: {legible(str(names)[:100])}"
        )
    return tuple(range(len(names)))


def _parse_preprocess(values: Mapping[str, Any]) -> PreprocessSpec:
    require_fields(values, _PREPROCESS_FIELDS, "`preprocess`")
    sizes = values["size_hw"]
    if len(sizes) != 2 or not all(type(size) is int and 1 <= size <= _MAX_SIZE for size in sizes):
        raise ValueError(
            f"`size_hw` must be two whole numbers from 1 to {_MAX_SIZE}; "
            f"received: {legible(str(sizes)[:100])}"
        )
    return PreprocessSpec.from_dict(values)


def _parse_model(values: Any) -> ModelFile:
    require_fields(values, _MODEL_FIELDS, "a model")
    _require_one_of(values["runtime"], RUNTIME_NAMES, "runtime")
    _require_one_of(values["precision"], PRECISIONS, "precision")
    files = values["files"]
    if not files or not all(isinstance(name, str) for name in files):
        raise ValueError("`files` of a model must be a list of one or more names")
    require_names(files)
    return ModelFile(values["runtime"], values["precision"], tuple(files), values["proof"])


def _require_models(models: Sequence[ModelFile], names: set[str]) -> None:
    kinds = [(model.runtime, model.precision) for model in models]
    if not kinds or len(set(kinds)) != len(kinds):
        raise ValueError(
            "`models` must hold at least one model, and one for each runtime and precision; "
            f"received: {', '.join(map(' '.join, kinds)) or 'none'}"
        )
    listed = [name for model in models for name in model.files]
    if sorted(listed) != sorted(names):
        raise ValueError(
            "`models` must name each file of the bundle once, as SHA256SUMS does; received: "
            f"{', '.join(sorted(listed))[:200]}; there are: {', '.join(sorted(names))[:200]}"
        )
