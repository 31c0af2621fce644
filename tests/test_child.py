"""Processes that may be lost."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from maskwise.child import Child
from spawned import repeat, stay


def is_running(pid: int) -> bool:
    try:
        return "Z" not in Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return False


def test_it_is_given_its_arguments_and_a_pipe() -> None:
    child = Child(repeat, b"got ", name="child")
    assert child.connection.recv_bytes() == b"got "
    child.connection.send_bytes(b"this")
    assert child.connection.recv_bytes() == b"got this"
    assert child.is_alive
    child.close()
    assert not is_running(child.pid)


def test_signals_for_all_do_not_end_it_and_nothing_is_dumped() -> None:
    child = Child(stay, name="child")
    assert child.connection.recv_bytes() == b"True 0"
    for one in (signal.SIGINT, signal.SIGTERM):
        os.kill(child.pid, one)
    assert not child.connection.poll(0.5)
    assert child.is_alive
    child.close()


def test_whoever_waits_hears_that_it_was_killed() -> None:
    child = Child(stay, name="child")
    child.connection.recv_bytes()
    child.kill()
    with pytest.raises(EOFError):
        child.connection.recv_bytes()
    child.close()


def test_one_that_was_stopped_is_killed_all_the_same() -> None:
    child = Child(stay, name="child")
    child.connection.recv_bytes()
    os.kill(child.pid, signal.SIGSTOP)
    child.close()
    assert not is_running(child.pid)


def test_it_ends_with_the_process_that_started_it(tmp_path: Path) -> None:
    script = tmp_path / "parent.py"
    script.write_text(
        "import sys\n"
        f"sys.path.insert(0, {str(Path(__file__).parent)!r})\n"
        "from maskwise.child import Child\n"
        "from spawned import repeat\n"
        "if __name__ == '__main__':\n"
        "    child = Child(repeat, b'', name='child')\n"
        "    child.connection.recv_bytes()\n"
        "    print(child.pid, flush=True)\n"
        "    child.connection.recv_bytes()\n"
    )
    parent = subprocess.Popen([sys.executable, str(script)], stdout=subprocess.PIPE, text=True)
    assert parent.stdout is not None
    pid = int(parent.stdout.readline())
    assert is_running(pid)
    parent.kill()
    parent.communicate()
    until_s = time.monotonic() + 10
    while is_running(pid):
        assert time.monotonic() < until_s
        time.sleep(0.05)
