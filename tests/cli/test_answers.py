import pytest

from maskwise.cli.answers import show_table
from maskwise.outputs.outcome import Outcome
from outcomes import ODD_NAMES, some_outcomes, three_faces

LONG = "holidays/" + "a" * 60 + ".jpg"


def test_each_face_has_a_row_and_each_picture_a_name(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "100")
    show_table(some_outcomes())
    assert [line.split() for line in capsys.readouterr().out.splitlines()] == [
        ["Picture", "Answer", "Probability", "Box"],
        ["a/street.jpg", "mask", "80.0%", "10,20,42,60"],
        ["mask", "worn", "wrongly", "70.0%", "50,5,80,40"],
        ["unsure:", "too", "small,", "cut", "off", "50.0%", "0,0,9,8"],
        ["a/empty.png", "no", "face", "found"],
        ["bad.jpg", "no", "answer"],
    ]


def test_nothing_of_a_name_is_lost_on_a_narrow_terminal(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "60")
    show_table([Outcome(LONG, size_hw=(100, 120), faces=three_faces())])
    lines = capsys.readouterr().out.splitlines()
    assert max(map(len, lines)) <= 60
    assert LONG in "".join(line.split("  ")[0].strip() for line in lines)
    assert "10,20,42,60" in lines[1]


def test_names_of_files_do_no_harm(capsys: pytest.CaptureFixture[str]) -> None:
    show_table([Outcome(name, error="broken") for name in (*ODD_NAMES, "a\x1b[2Jb", "[red]c")])
    shown = capsys.readouterr().out
    assert "\x1b" not in shown
    assert "[red]c" in shown
