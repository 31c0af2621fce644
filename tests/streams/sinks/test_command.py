"""A program is started for each event, and cannot hold anything up."""

import json
import sys
import time
from pathlib import Path

from maskwise.streams.event import Event
from maskwise.streams.sinks.command import CommandSink

EVENT = Event("person_without_mask", "door", {"person": 1})


def python(code: str) -> list[str]:
    return [sys.executable, "-c", code]


def test_the_program_gets_the_event(tmp_path: Path) -> None:
    path = tmp_path / "got"
    sink = CommandSink(
        python(f"import sys; open({str(path)!r}, 'a').write(sys.stdin.read() + '\\n')"),
        timeout_s=20,
    )
    sink.write(EVENT)
    sink.write(EVENT)
    sink.close()
    assert [json.loads(line) for line in path.read_text().splitlines()] == [EVENT.to_dict()] * 2
    assert sink.trouble == ""


def test_a_program_that_fails_or_is_missing_is_told() -> None:
    for command, trouble in ((python("exit(3)"), "it ended with 3"), (["/nope"], "no such file")):
        sink = CommandSink(command, timeout_s=20)
        sink.write(EVENT)
        sink.close()
        assert trouble in sink.trouble


def test_a_program_that_hangs_is_killed_and_holds_nobody_up() -> None:
    sink = CommandSink(python("import time; time.sleep(60)"), timeout_s=0.5)
    began_s = time.monotonic()
    for _ in range(300):
        sink.write(EVENT)
    assert time.monotonic() - began_s < 1
    assert "left out" in sink.trouble
    sink._waiting.queue.clear()
    sink.close()
    assert time.monotonic() - began_s < 10
