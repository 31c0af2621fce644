"""MQTT: events and states at a broker, where Home Assistant finds them by itself."""

import json
import ssl
from collections.abc import Sequence
from threading import Condition
from typing import TYPE_CHECKING, Any, Final

from maskwise import __version__
from maskwise.extras import load
from maskwise.streams.event import KINDS
from maskwise.streams.sinks.delivery import NotDelivered

if TYPE_CHECKING:
    from paho.mqtt.client import Client

_KEEPALIVE_S: Final = 30
_ANSWER_S: Final = 10.0
_PAUSES_S: Final = (1, 30)  # before it is connected to again
_ONCE_AT_LEAST: Final = 1


class MqttSender:
    """Sends events to a broker, each until the broker has confirmed it.

    Topics, below a prefix: `available` holds `online` or, by the last will, `offline`;
    `CAMERA/state` and `CAMERA/compliance` hold what was told last, retained; `CAMERA/events` has
    each event once, not retained. Home Assistant is told of them under its discovery prefix.
    """

    def __init__(
        self,
        host: str,
        port: int,
        *,
        prefix: str,
        cameras: Sequence[str],
        discovery: str | None = None,
        tls: bool = False,
        username: str | None = None,
        password: str | None = None,
    ) -> None:
        """Begin to connect; a thread of the library keeps the connection.

        Args:
            host: Of the broker.
            port: Of the broker.
            prefix: Before each topic.
            cameras: The names of the cameras.
            discovery: The discovery prefix of Home Assistant; None: it is not told.
            tls: Whether the connection is encrypted, by the certificates of the system.
            username: Who we are.
            password: How we prove it.

        Raises:
            MissingExtra: paho-mqtt is not installed.
        """
        mqtt = load("paho.mqtt.client", extra="video")
        self._shown = f"mqtt://{host}:{port}"
        self._prefix = prefix
        self._cameras = cameras
        self._discovery = discovery
        self._changed = Condition()
        self._reason = "not connected yet"
        self._client: Client = mqtt.Client(mqtt.CallbackAPIVersion.VERSION2)
        if username is not None:
            self._client.username_pw_set(username, password)
        if tls:
            self._client.tls_set_context(ssl.create_default_context())
        self._client.will_set(f"{prefix}/available", "offline", _ONCE_AT_LEAST, retain=True)
        self._client.reconnect_delay_set(*_PAUSES_S)
        self._client.on_connect = self._greet
        self._client.on_disconnect = self._miss
        self._client.connect_async(host, port, _KEEPALIVE_S)
        self._client.loop_start()

    def send(self, text: str) -> None:
        """Send one event.

        Raises:
            NotDelivered: The broker has not confirmed it.
        """
        with self._changed:
            self._changed.wait_for(self._client.is_connected, _ANSWER_S)
        event = json.loads(text)
        camera = event["camera"]
        # Home Assistant reads what happened from `event_type`.
        events = [(f"{camera}/events", json.dumps({"event_type": event["event"], **event}), False)]
        if event["event"] == "camera_state":
            events.append((f"{camera}/state", event["state"], True))
        if event["event"] == "compliance":
            events.append((f"{camera}/compliance", text, True))
        for topic, payload, is_kept in events:
            self._publish(f"{self._prefix}/{topic}", payload, retain=is_kept)

    def close(self) -> None:
        """Say goodbye, so that the last will is not needed."""
        if self._client.is_connected():
            self._client.publish(f"{self._prefix}/available", "offline", 1, retain=True)
        self._client.disconnect()
        self._client.loop_stop()

    def _publish(self, topic: str, payload: str, *, retain: bool) -> None:
        if not self._client.is_connected():
            raise NotDelivered(f"{self._shown}: {self._reason}")
        message = self._client.publish(topic, payload, _ONCE_AT_LEAST, retain=retain)
        try:
            message.wait_for_publish(_ANSWER_S)
        except (RuntimeError, ValueError) as error:
            raise NotDelivered(f"{self._shown}: the connection was lost") from error
        if not message.is_published():
            raise NotDelivered(f"{self._shown}: it does not confirm")

    def _greet(self, client: "Client", _: Any, __: Any, reason: Any, ___: Any) -> None:
        if reason.is_failure:
            self._reason = str(reason).lower()
            return
        client.publish(f"{self._prefix}/available", "online", _ONCE_AT_LEAST, retain=True)
        if self._discovery is not None:
            for camera in self._cameras:
                for topic, config in self._discovered(camera):
                    client.publish(topic, json.dumps(config), _ONCE_AT_LEAST, retain=True)
        with self._changed:
            self._changed.notify_all()

    def _miss(self, _: "Client", __: Any, ___: Any, reason: Any, ____: Any) -> None:
        self._reason = str(reason).lower()

    def _discovered(self, camera: str) -> list[tuple[str, dict[str, Any]]]:
        """What Home Assistant is told of a camera: topics and configurations."""
        node = f"{self._prefix.replace('/', '_')}_{camera}"
        shared = {
            "availability_topic": f"{self._prefix}/available",
            "device": {
                "identifiers": [node],
                "name": f"maskwise {camera}",
                "manufacturer": "maskwise",
                "sw_version": __version__,
            },
        }
        topic = f"{self._prefix}/{camera}"
        parts: list[tuple[str, str, dict[str, Any]]] = [
            (
                "binary_sensor",
                "online",
                {
                    "name": "Online",
                    "device_class": "connectivity",
                    "state_topic": f"{topic}/state",
                    "payload_on": "online",
                    "value_template": "{{ 'online' if value == 'online' else 'OFF' }}",
                },
            ),
            (
                "event",
                "people",
                {
                    "name": "People",
                    "state_topic": f"{topic}/events",
                    "event_types": [*KINDS],
                },
            ),
            (
                "sensor",
                "compliance",
                {
                    "name": "Compliance",
                    "unit_of_measurement": "%",
                    "state_topic": f"{topic}/compliance",
                    "value_template": "{{ (value_json.share * 100) | round(1) "
                    "if value_json.share is not none else None }}",
                },
            ),
        ]
        return [
            (
                f"{self._discovery}/{kind}/{node}/{part}/config",
                {"unique_id": f"{node}_{part}", **shared, **config},
            )
            for kind, part, config in parts
        ]
