import os

import pytest

from maskwise.cli.console import hush_tensorflow, hushed


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
