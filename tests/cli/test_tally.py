import pytest

from maskwise.cli.tally import Tally
from outcomes import some_outcomes


def test_pictures_and_faces_are_counted_and_failures_told(
    capsys: pytest.CaptureFixture[str],
) -> None:
    now_s = iter([10.0, 14.0])
    tally = Tally(lambda: next(now_s))
    assert [each.source for each in tally.counting(some_outcomes())] == [
        *("a/street.jpg", "a/empty.png", "bad.jpg"),
    ]
    assert tally.n_failed == 1
    assert capsys.readouterr().err == (
        "maskwise: bad.jpg: this is a text; save the picture as JPEG\n"
    )
    assert tally.to_words() == (
        "3 pictures, 3 faces: 1 unsure, 1 mask, 1 mask worn wrongly; 1 could not be read; "
        "0.8 pictures/s"
    )


def test_the_rate_is_that_of_what_was_done_since() -> None:
    now_s = iter([10.0, 12.0])
    tally = Tally(lambda: next(now_s))
    street = some_outcomes()[0]
    list(tally.counting([street] * 100))
    list(tally.counting([street]))
    said = tally.to_words(n_before=100)
    assert said.startswith("101 pictures, 303 faces: ")
    assert said.endswith("; 0.5 pictures/s")
