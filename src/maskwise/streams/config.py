"""Config: what `maskwise watch` is told to do, read from a TOML file and checked whole."""

import os
import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import Annotated, Any, Final, Literal, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    SecretStr,
    StringConstraints,
    ValidationError,
    field_validator,
    model_validator,
)

from maskwise.errors import InvalidInput
from maskwise.faces.detector import MODES
from maskwise.inference.bundle import SHIPPED
from maskwise.names import legible
from maskwise.sources.video import Address
from maskwise.streams.event import KINDS
from maskwise.streams.schedule import Hours

MAX_BYTES: Final = 2**20
LEAST_INTERVAL_MIN: Final = 20
"""Compliance is told over no shorter time, so that it is never about one person."""

_VARIABLE: Final = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}")


def _one_of(names: Sequence[str]) -> Any:
    def check(value: str) -> str:
        if value not in names:
            raise ValueError(f"must be one of {', '.join(names)}")
        return value

    return AfterValidator(check)


Name = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]{1,40}$")]
Kind = Annotated[str, _one_of(KINDS)]
Share = Annotated[float, Field(ge=0, le=1)]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class CameraConfig(_Part):
    """One camera.

    Attributes:
        address: `camera:0`, an rtsp or http address, or a file.
        fps: How many frames a second are looked at, if there is time.
        zone: Corners of the part of the picture that counts, each as shares of width and height;
            empty: all of it.
        min_face_px: Faces whose shorter side is smaller are not counted.
        schedule: When it is watched; empty: always.
    """

    address: SecretStr
    fps: Annotated[float, Field(gt=0, le=30)] = 5.0
    zone: tuple[tuple[Share, Share], ...] = ()
    min_face_px: Annotated[float, Field(ge=0)] = 0.0
    schedule: tuple[str, ...] = ()

    @field_validator("address")
    @classmethod
    def _is_address(cls, value: SecretStr) -> SecretStr:
        Address.parse(value.get_secret_value())
        return value

    @field_validator("zone")
    @classmethod
    def _is_polygon(cls, value: tuple[Any, ...]) -> tuple[Any, ...]:
        if 0 < len(value) < 3:
            raise ValueError(f"must have three corners at least, but has {len(value)}")
        return value

    @field_validator("schedule")
    @classmethod
    def _are_hours(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for text in value:
            Hours.parse(text)
        return value

    @property
    def hours(self) -> list[Hours]:
        """The schedule, read."""
        return [Hours.parse(text) for text in self.schedule]


class ModelConfig(_Part):
    """What decides: as the options of `maskwise detect` of the same names."""

    model: Path | None = None
    mode: Annotated[str, _one_of(MODES)] = "fast"
    strict: bool = False
    threads: Annotated[int, Field(ge=1, le=64)] | None = None


class EventsConfig(_Part):
    """What is told.

    Attributes:
        cooldown_s: How long after an event of a kind none of that kind follows from a camera.
        compliance_min: Over how many minutes compliance is counted.
    """

    cooldown_s: Annotated[float, Field(ge=0)] = 10.0
    compliance_min: Annotated[float, Field(ge=LEAST_INTERVAL_MIN)] = LEAST_INTERVAL_MIN


class _SinkConfig(_Part):
    events: tuple[Kind, ...] = KINDS


class LinesConfig(_SinkConfig):
    """A file of JSON lines, which is turned over before it grows too large."""

    kind: Literal["lines"]
    path: Path
    max_mb: Annotated[float, Field(gt=0)] = 10.0
    keep: Annotated[int, Field(ge=0, le=1000)] = 5


class WebhookConfig(_SinkConfig):
    """A POST of JSON to a URL, signed if there is a secret."""

    kind: Literal["webhook"]
    url: Annotated[SecretStr, Field(min_length=1)]
    secret: SecretStr | None = None
    timeout_s: Annotated[float, Field(gt=0, le=60)] = 5.0

    @field_validator("url")
    @classmethod
    def _is_url(cls, value: SecretStr) -> SecretStr:
        if not value.get_secret_value().startswith(("http://", "https://")):
            raise ValueError("must begin with http:// or https://")
        return value


class MqttConfig(_SinkConfig):
    """An MQTT broker, with discovery by Home Assistant."""

    kind: Literal["mqtt"]
    host: str
    port: Annotated[int, Field(ge=1, le=65535)] = 1883
    tls: bool = False
    username: str | None = None
    password: SecretStr | None = None
    prefix: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]+(/[A-Za-z0-9_-]+)*$")] = (
        "maskwise"
    )
    discovery: str | None = "homeassistant"


class CommandConfig(_SinkConfig):
    """A program that is started with the event on its standard input, such as one with a sound."""

    kind: Literal["command"]
    command: Annotated[tuple[str, ...], Field(min_length=1)]
    timeout_s: Annotated[float, Field(gt=0, le=60)] = 10.0
    events: tuple[Kind, ...] = ("person_without_mask", "mask_worn_wrong")


SinkConfig = Annotated[
    LinesConfig | WebhookConfig | MqttConfig | CommandConfig, Field(discriminator="kind")
]


class SnapshotsConfig(_Part):
    """Pictures of who is without a mask; none are kept unless this part is there.

    Attributes:
        folder: Where they go.
        blurred: Whether faces are made unrecognisable.
        keep_days: Older ones are removed.
        keep_mb: The oldest are removed beyond that.
        floor_mb: None is written while less is free on the disk.
    """

    folder: Path
    blurred: bool = True
    keep_days: Annotated[float, Field(gt=0)] = 1.0
    keep_mb: Annotated[float, Field(gt=0)] = 100.0
    floor_mb: Annotated[float, Field(ge=0)] = 500.0


class PageConfig(_Part):
    """The live page, on this machine only; there is none unless this part is there."""

    port: Annotated[int, Field(ge=0, le=65535)] = 8765
    token: SecretStr | None = None
    blurred: bool = True


class WatchConfig(_Part):
    """All of a configuration file.

    Attributes:
        cameras: By name.
        model: What decides.
        events: What is told.
        sinks: Who is told.
        state: A folder for what must survive a restart, such as events that were not delivered.
        snapshots: Whether pictures are kept.
        page: Whether there is a live page.
    """

    cameras: Annotated[Mapping[Name, CameraConfig], Field(min_length=1)]
    model: ModelConfig = ModelConfig()
    events: EventsConfig = EventsConfig()
    sinks: tuple[SinkConfig, ...] = ()
    state: Path = Path("maskwise-state")
    snapshots: SnapshotsConfig | None = None
    page: PageConfig | None = None

    @model_validator(mode="after")
    def _files_are_told_apart(self) -> Self:
        paths = [sink.path for sink in self.sinks if isinstance(sink, LinesConfig)]
        if len(set(paths)) < len(paths):
            raise ValueError("two sinks must not write into the same file")
        return self


def read_config(path: Path, environment: Mapping[str, str] = os.environ) -> WatchConfig:
    """Read a configuration file.

    `${NAME}` in a text stands for a variable of the environment, so that passwords need not be in
    the file. Paths are taken from the folder of the file.

    Raises:
        InvalidInput: It cannot be read, is no TOML, or something in it is unknown, missing or out
            of its range; the message names it all, and no value that may be secret.
    """
    name = legible(path)
    try:
        content = path.read_bytes()
        if len(content) > MAX_BYTES:
            raise InvalidInput(f"{name}: a configuration has at most {MAX_BYTES} bytes.")
        values = tomllib.loads(content.decode("utf-8"))
    except OSError as error:
        raise InvalidInput(f"Could not read {name}: {error.strerror}.") from error
    except UnicodeDecodeError as error:
        raise InvalidInput(f"{name}: it is no UTF-8 text.") from error
    except tomllib.TOMLDecodeError as error:
        raise InvalidInput(f"{name}: it is no TOML: {error}.") from error
    try:
        config = WatchConfig.model_validate(_filled(values, environment, name))
    except ValidationError as error:
        raise InvalidInput(f"{name}: {'; '.join(_complaints(error))}.") from None
    return _placed(config, path.parent)


def _filled(value: Any, environment: Mapping[str, str], name: str) -> Any:
    """The same with every `${NAME}` replaced."""
    if isinstance(value, dict):
        return {key: _filled(each, environment, name) for key, each in value.items()}
    if isinstance(value, list):
        return [_filled(each, environment, name) for each in value]
    if not isinstance(value, str):
        return value
    for variable in _VARIABLE.findall(value):
        if variable not in environment:
            raise InvalidInput(f"{name}: the variable {variable} of the environment is not set.")
    return _VARIABLE.sub(lambda found: environment[found[1]], value)


def _complaints(error: ValidationError) -> Iterator[str]:
    # Values are never shown: they may be passwords.
    for each in error.errors(include_url=False, include_input=False, include_context=False):
        place = ".".join(str(part) for part in each["loc"]) or "it"
        if each["type"] == "extra_forbidden":
            *parents, key = each["loc"]
            near = get_close_matches(str(key), _fields_at(parents), n=1)
            hint = f"; did you mean {near[0]}?" if near else ""
            yield f"{place} is unknown{hint}"
        elif each["type"] == "missing":
            yield f"{place} is missing"
        else:
            reason = each["msg"].removeprefix("Value error, ").rstrip(".")
            yield f"{place}: {reason[0].lower()}{reason[1:]}"


def _fields_at(place: Sequence[int | str]) -> list[str]:
    """The names that are known at a place of the configuration."""
    parts: Mapping[str, type[BaseModel]] = {
        "model": ModelConfig,
        "events": EventsConfig,
        "snapshots": SnapshotsConfig,
        "page": PageConfig,
        "cameras": CameraConfig,
        "lines": LinesConfig,
        "webhook": WebhookConfig,
        "mqtt": MqttConfig,
        "command": CommandConfig,
    }
    named = [parts[str(part)] for part in place if str(part) in parts]
    return list((named[-1] if named else WatchConfig).model_fields)


def _placed(config: WatchConfig, folder: Path) -> WatchConfig:
    """The same with paths from the folder of the file on."""
    changes: dict[str, Any] = {"state": folder / config.state}
    model = config.model.model
    if model is not None and str(model) != SHIPPED:
        changes["model"] = config.model.model_copy(update={"model": folder / model})
    changes["sinks"] = tuple(
        sink.model_copy(update={"path": folder / sink.path})
        if isinstance(sink, LinesConfig)
        else sink
        for sink in config.sinks
    )
    if config.snapshots is not None:
        changes["snapshots"] = config.snapshots.model_copy(
            update={"folder": folder / config.snapshots.folder}
        )
    return config.model_copy(update=changes)
