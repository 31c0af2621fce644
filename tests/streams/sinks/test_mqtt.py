"""A real broker gets events, states, the last will and what Home Assistant asks for."""

import json
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from paho.mqtt.client import Client
from paho.mqtt.enums import CallbackAPIVersion

from maskwise.streams.event import Event
from maskwise.streams.sinks import delivery as delivery_module
from maskwise.streams.sinks import mqtt as mqtt_module
from maskwise.streams.sinks.delivery import Delivery, NotDelivered
from maskwise.streams.sinks.mqtt import MqttSender

MOSQUITTO = shutil.which("mosquitto") or shutil.which("mosquitto", path="/usr/sbin")
pytestmark = pytest.mark.skipif(
    MOSQUITTO is None, reason="needs the broker Mosquitto: apt install mosquitto"
)


class Broker:
    """A Mosquitto on a port of its own, that can go down and come back."""

    def __init__(self, folder: Path) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port: int = probe.getsockname()[1]
        self._config = folder / "mosquitto.conf"
        self._config.write_text(f"listener {self.port} 127.0.0.1\nallow_anonymous true\n")
        self._process: subprocess.Popen[bytes] | None = None

    def up(self) -> None:
        assert MOSQUITTO is not None
        self._process = subprocess.Popen(
            [MOSQUITTO, "-c", str(self._config)],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        wait_for(lambda: can_connect(self.port))

    def down(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None


class Listener:
    """Everything that a broker has and gets."""

    def __init__(self, port: int) -> None:
        self.got: list[tuple[str, bytes, bool]] = []
        self._client = Client(CallbackAPIVersion.VERSION2)
        self._client.on_connect = lambda client, *_: client.subscribe("#", 1)
        self._client.on_message = lambda _, __, message: self.got.append(
            (message.topic, bytes(message.payload), message.retain)
        )
        self._client.connect("127.0.0.1", port)
        self._client.loop_start()

    def payloads(self, topic: str) -> list[bytes]:
        return [payload for each, payload, _ in self.got if each == topic]

    def close(self) -> None:
        self._client.disconnect()
        self._client.loop_stop()


def can_connect(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def wait_for(what: Callable[[], object]) -> None:
    until_s = time.monotonic() + 20
    while not what():
        assert time.monotonic() < until_s, "it did not come true"
        time.sleep(0.02)


def event(number: int) -> Event:
    return Event("person_without_mask", "door", {"person": number})


@pytest.fixture
def broker(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Broker]:
    monkeypatch.setattr(delivery_module, "_PAUSES_S", (0.1,))
    monkeypatch.setattr(mqtt_module, "_ANSWER_S", 1.0)
    monkeypatch.setattr(mqtt_module, "_PAUSES_S", (1, 1))
    one = Broker(tmp_path)
    one.up()
    yield one
    one.down()


def sender(broker: Broker) -> MqttSender:
    return MqttSender(
        "127.0.0.1", broker.port, prefix="maskwise", cameras=["door"], discovery="homeassistant"
    )


def test_events_and_states_arrive(broker: Broker, tmp_path: Path) -> None:
    listener = Listener(broker.port)
    mqtt = sender(broker)
    sink = Delivery(tmp_path / "a.sqlite", mqtt.send, mqtt.close)
    sink.write(event(1))
    sink.write(Event("camera_state", "door", {"state": "offline"}))
    sink.write(Event("compliance", "door", {"share": 0.75}))
    wait_for(lambda: listener.payloads("maskwise/door/compliance"))
    first = json.loads(listener.payloads("maskwise/door/events")[0])
    assert (first["event_type"], first["person"]) == ("person_without_mask", 1)
    assert listener.payloads("maskwise/door/state") == [b"offline"]
    assert listener.payloads("maskwise/available") == [b"online"]
    sink.close()
    wait_for(lambda: listener.payloads("maskwise/available") == [b"online", b"offline"])
    listener.close()
    late = Listener(broker.port)  # states are kept for who comes late, events are not
    wait_for(lambda: late.payloads("maskwise/door/state"))
    time.sleep(0.3)
    assert late.payloads("maskwise/door/events") == []
    late.close()


def test_home_assistant_finds_the_camera(broker: Broker) -> None:
    listener = Listener(broker.port)
    mqtt = sender(broker)
    topic = "homeassistant/event/maskwise_door/people/config"
    wait_for(lambda: listener.payloads(topic))
    config = json.loads(listener.payloads(topic)[0])
    assert config["state_topic"] == "maskwise/door/events"
    assert "person_without_mask" in config["event_types"]
    assert config["availability_topic"] == "maskwise/available"
    assert config["unique_id"] == "maskwise_door_people"
    mqtt.close()
    listener.close()


def test_a_broker_that_is_down_loses_no_event(broker: Broker, tmp_path: Path) -> None:
    mqtt = sender(broker)
    sink = Delivery(tmp_path / "a.sqlite", mqtt.send, mqtt.close)
    sink.write(event(0))
    wait_for(lambda: sink.n_waiting == 0)
    broker.down()
    for number in range(1, 6):
        sink.write(event(number))
    wait_for(lambda: sink.trouble)
    assert sink.n_waiting == 5
    broker.up()
    listener = Listener(broker.port)
    wait_for(lambda: sink.n_waiting == 0)
    wait_for(lambda: len(listener.payloads("maskwise/door/events")) >= 4)
    sink.close()
    listener.close()


def test_who_dies_is_offline_by_the_last_will(broker: Broker, tmp_path: Path) -> None:
    listener = Listener(broker.port)
    code = (
        "import time\n"
        "from maskwise.streams.sinks.mqtt import MqttSender\n"
        f"MqttSender('127.0.0.1', {broker.port}, prefix='maskwise', cameras=['door'])\n"
        "time.sleep(60)\n"
    )
    process = subprocess.Popen([sys.executable, "-c", code])
    wait_for(lambda: listener.payloads("maskwise/available") == [b"online"])
    process.kill()
    process.wait()
    wait_for(lambda: listener.payloads("maskwise/available") == [b"online", b"offline"])
    listener.close()


def test_nobody_there_is_no_delivery(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mqtt_module, "_ANSWER_S", 0.2)
    mqtt = MqttSender("127.0.0.1", 9, prefix="p", cameras=[], username="me", password="hunter2")
    with pytest.raises(NotDelivered, match=r"mqtt://127\.0\.0\.1:9") as failed:
        mqtt.send(json.dumps(event(1).to_dict()))
    assert "hunter2" not in str(failed.value)
    mqtt.close()
