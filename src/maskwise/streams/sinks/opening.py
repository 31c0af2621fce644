"""Opening: the sinks that a configuration asks for."""

import hashlib
from collections.abc import Sequence
from pathlib import Path

from maskwise.sources.video import Address
from maskwise.streams.config import (
    LinesConfig,
    MqttConfig,
    SinkConfig,
    WatchConfig,
    WebhookConfig,
)
from maskwise.streams.sinks.command import CommandSink
from maskwise.streams.sinks.delivery import Delivery
from maskwise.streams.sinks.lines import LinesSink
from maskwise.streams.sinks.mqtt import MqttSender
from maskwise.streams.sinks.sink import Sink
from maskwise.streams.sinks.webhook import webhook


def open_sinks(config: WatchConfig) -> list[tuple[Sink, Sequence[str]]]:
    """The sinks of a configuration, each with the kinds of events that it is told.

    Raises:
        MissingExtra: A library that a sink needs is not installed.
    """
    spools = _spools(config)
    return [
        (_open(sink, spool, list(config.cameras)), sink.events)
        for sink, spool in zip(config.sinks, spools, strict=True)
    ]


def _open(config: SinkConfig, spool: Path, cameras: Sequence[str]) -> Sink:
    if isinstance(config, LinesConfig):
        return LinesSink(config.path, max_bytes=round(config.max_mb * 1e6), keep=config.keep)
    if isinstance(config, WebhookConfig):
        secret = None if config.secret is None else config.secret.get_secret_value()
        url = config.url.get_secret_value()
        return Delivery(spool, webhook(url, secret=secret, timeout_s=config.timeout_s))
    if isinstance(config, MqttConfig):
        password = None if config.password is None else config.password.get_secret_value()
        sender = MqttSender(
            config.host,
            config.port,
            prefix=config.prefix,
            cameras=cameras,
            discovery=config.discovery,
            tls=config.tls,
            username=config.username,
            password=password,
        )
        return Delivery(spool, sender.send, close=sender.close)
    return CommandSink(config.command, timeout_s=config.timeout_s)


def _spools(config: WatchConfig) -> list[Path]:
    """Where each sink keeps what is not delivered: by kind and place, so that it finds it again."""
    seen: dict[str, int] = {}
    paths = []
    for sink in config.sinks:
        place = ""
        if isinstance(sink, WebhookConfig):
            place = Address.parse(sink.url.get_secret_value()).shown
        elif isinstance(sink, MqttConfig):
            place = f"{sink.host}:{sink.port}/{sink.prefix}"
        name = f"{sink.kind}-{_digest(place)}"
        seen[name] = seen.get(name, 0) + 1
        paths.append(config.state / f"{name}-{seen[name]}.sqlite")
    return paths


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8")).hexdigest()[:12]
