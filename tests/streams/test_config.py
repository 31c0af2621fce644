"""A configuration is checked whole, and what is wrong in it is named without its secrets."""

from pathlib import Path

import pytest

from maskwise.errors import InvalidInput
from maskwise.streams.config import LinesConfig, WatchConfig, WebhookConfig, read_config

CAMERA = '[cameras.door]\naddress = "rtsp://me:hunter2@door.lan/1"\n'
FULL = """
state = "state"
[cameras.door]
address = "rtsp://me:${DOOR}@door.lan/1"
fps = 8
zone = [[0.1, 0.2], [0.9, 0.2], [0.9, 1.0]]
min_face_px = 24
schedule = ["Mon-Fri 07:00-19:00", "Sat 22:00-06:00"]
[model]
mode = "balanced"
strict = true
[events]
cooldown_s = 5
compliance_min = 30
[[sinks]]
kind = "lines"
path = "events.jsonl"
events = ["person_without_mask"]
[[sinks]]
kind = "webhook"
url = "https://example.org/hook"
secret = "${SECRET}"
[[sinks]]
kind = "mqtt"
host = "broker.lan"
[[sinks]]
kind = "command"
command = ["play", "alarm.wav"]
[snapshots]
folder = "pictures"
[page]
port = 0
"""


def read(tmp_path: Path, text: str, **environment: str) -> WatchConfig:
    (tmp_path / "watch.toml").write_text(text)
    return read_config(tmp_path / "watch.toml", environment)


def test_everything_can_be_said(tmp_path: Path) -> None:
    config = read(tmp_path, FULL, DOOR="hunter2", SECRET="s3cret")
    door = config.cameras["door"]
    assert door.address.get_secret_value() == "rtsp://me:hunter2@door.lan/1"
    assert (door.fps, len(door.zone), len(door.hours)) == (8, 3, 2)
    lines, webhook, _, command = config.sinks
    assert isinstance(lines, LinesConfig)
    assert lines.path == tmp_path / "events.jsonl"  # from the folder of the file
    assert lines.events == ("person_without_mask",)
    assert isinstance(webhook, WebhookConfig)
    assert command.events == ("person_without_mask", "mask_worn_wrong")
    assert config.state == tmp_path / "state"
    assert config.snapshots is not None
    assert config.snapshots.blurred


def test_the_example_of_the_docs_is_right(tmp_path: Path) -> None:
    docs = (Path(__file__).parents[2] / "docs" / "cameras.md").read_text(encoding="utf-8")
    text = docs.split("```toml\n")[1].split("```")[0]
    names = ("ENTRANCE_PASSWORD", "WEBHOOK_SECRET", "MQTT_PASSWORD", "PAGE_TOKEN")
    config = read(tmp_path, text, **dict.fromkeys(names, "hunter2"))
    assert list(config.cameras) == ["entrance", "desk"]
    assert {sink.kind for sink in config.sinks} == {"lines", "webhook", "mqtt", "command"}
    assert config.model.model == tmp_path / "bundles" / "mine"


def test_the_model_that_comes_along_can_be_named(tmp_path: Path) -> None:
    assert read(tmp_path, CAMERA + '[model]\nmodel = "shipped"\n').model.model == Path("shipped")


def test_little_is_enough_and_nothing_with_a_face_is_kept(tmp_path: Path) -> None:
    config = read(tmp_path, CAMERA)
    assert (config.snapshots, config.page, config.sinks) == (None, None, ())


def test_what_is_shown_of_a_configuration_is_no_secret(tmp_path: Path) -> None:
    shown = repr(read(tmp_path, FULL, DOOR="hunter2", SECRET="s3cret"))
    assert "hunter2" not in shown
    assert "s3cret" not in shown


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "cameras is missing"),
        ("[cameras]\n", "cameras: "),
        ("cameras = 1", "cameras: "),
        ("[cameras.door", "it is no TOML"),
        ('[cameras.door]\nadress = "x"\n', "cameras.door.adress is unknown; did you mean address?"),
        (CAMERA + "[modle]\n", "modle is unknown; did you mean model?"),
        (CAMERA + "[model]\nmod = 1\n", "model.mod is unknown; did you mean mode?"),
        (CAMERA + '[model]\nmode = "quick"\n', "model.mode: must be one of fast, balanced"),
        (CAMERA + "fps = 0\n", "cameras.door.fps: "),
        (CAMERA + "fps = nan\n", "cameras.door.fps: "),
        (CAMERA + "zone = [[0, 0], [1, 1]]\n", "three corners at least, but has 2"),
        (CAMERA + "zone = [[0, 0], [1, 1], [0, 200]]\n", "cameras.door.zone.2.1: "),
        (CAMERA + 'schedule = ["always"]\n', "Mon-Fri 07:00-19:00"),
        ('[cameras.door]\naddress = "gopher://x:hunter2@y"\n', "'gopher'"),
        ('[cameras."a/b"]\naddress = "camera:0"\n', "cameras.a/b"),
        (CAMERA + "[events]\ncompliance_min = 5\n", "greater than or equal to 20"),
        (CAMERA + '[[sinks]]\nkind = "telegram"\n', "'lines', 'webhook', 'mqtt', 'command'"),
        (CAMERA + '[[sinks]]\nkind = "webhook"\nurl = "file:///hunter2"\n', "must begin with http"),
        (CAMERA + '[[sinks]]\nkind = "command"\ncommand = []\n', "sinks.0.command.command: "),
        (CAMERA + '[[sinks]]\nkind = "lines"\npath = "a"\n' * 2, "the same file"),
        (CAMERA + 'fps = "${NOT_SET}"\n', "NOT_SET of the environment is not set"),
    ],
)
def test_what_is_wrong_is_named_in_one_line(tmp_path: Path, text: str, reason: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        read(tmp_path, text)
    assert reason in str(refused.value)
    assert "\n" not in str(refused.value)
    assert "hunter2" not in str(refused.value)


def test_everything_that_is_wrong_is_named_at_once(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match=r"fps.*modes is unknown"):
        read(tmp_path, CAMERA + "fps = -1\n[model]\nmodes = 1\n")


@pytest.mark.parametrize("content", [b"\xff\xfe", b"#" * (2**20 + 1)])
def test_a_file_that_is_no_configuration_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "watch.toml").write_bytes(content)
    with pytest.raises(InvalidInput, match=r"watch\.toml"):
        read_config(tmp_path / "watch.toml")


def test_a_file_that_is_missing_is_named(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match=r"Could not read .*watch\.toml"):
        read_config(tmp_path / "watch.toml")
