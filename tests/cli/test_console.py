import os
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from maskwise.cli.console import command, complain, hush_tensorflow, hushed, say


def speak_as_a_library_in_c(words: str) -> None:
    os.write(2, words.encode())


def test_libraries_are_hushed_while_they_load_and_heard_again_after(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("TF_CPP_MIN_LOG_LEVEL", raising=False)
    hush_tensorflow()
    with hushed():
        speak_as_a_library_in_c("greetings")
    speak_as_a_library_in_c("something went wrong")
    assert capfd.readouterr().err == "something went wrong"


def test_a_failure_to_load_ends_the_hush(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("TF_CPP_MIN_LOG_LEVEL", "3")
    with pytest.raises(ImportError), hushed():
        raise ImportError
    speak_as_a_library_in_c("heard")
    assert capfd.readouterr().err == "heard"


def test_who_sets_the_log_level_hears_everything(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("TF_CPP_MIN_LOG_LEVEL", "0")
    hush_tensorflow()
    with hushed():
        speak_as_a_library_in_c("greetings")
    assert capfd.readouterr().err == "greetings"


@pytest.mark.parametrize(("level", "expected"), [("3", "False"), ("0", "True")])
def test_advice_that_tensorflow_gives_in_python_is_hushed_unless_asked_for(
    level: str, expected: str
) -> None:
    code = (
        "import logging\nfrom maskwise.cli.console import hush_tensorflow\nhush_tensorflow()\n"
        "print(logging.getLogger('tensorflow').isEnabledFor(logging.WARNING))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "TF_CPP_MIN_LOG_LEVEL": level},
    )
    assert done.stdout == f"{expected}\n"


def test_names_of_files_do_no_harm(capsys: pytest.CaptureFixture[str]) -> None:
    say("Wrote a\x1b[2Jb and :smile:\nand [red]c")
    complain("a\nb\u202ec")
    assert capsys.readouterr().err == (
        "Wrote a\\x1b[2Jb and :smile:\nand [red]c\nmaskwise: a b\\u202ec\n"
    )


def test_commands_can_be_pasted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    called = tmp_path / "my tools" / "maskwise"
    called.parent.mkdir()
    called.touch(mode=0o755)
    monkeypatch.setattr(sys, "argv", [str(called)])
    assert shlex.split(command("evaluate", Path("my run"))) == [str(called), "evaluate", "my run"]
    (tmp_path / "maskwise").touch(mode=0o755)
    assert command("evaluate", "run") == "maskwise evaluate run"
