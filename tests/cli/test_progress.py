from maskwise.cli.progress import Pace


class Clock:
    """Shows the time that it is set to."""

    now_s = 100.0

    def __call__(self) -> float:
        return self.now_s


def test_pace_is_told_on_average_even_if_things_are_done_several_at_a_time() -> None:
    clock = Clock()
    pace = Pace(clock)
    assert pace.to_words(0, 60) == ""
    clock.now_s += 2
    for done in range(1, 9):  # all at once
        said = pace.to_words(done, 60)
    assert said == "4.0/s, 0:00:13 left"


def test_what_was_done_before_is_not_counted() -> None:
    clock = Clock()
    pace = Pace(clock)
    assert pace.to_words(1000, 8200) == ""
    clock.now_s += 10
    assert pace.to_words(1020, 8200) == "2.0/s, 0:59:50 left"


def test_pace_begins_anew_with_something_else() -> None:
    clock = Clock()
    pace = Pace(clock)
    pace.to_words(0, 10)
    clock.now_s += 1
    pace.to_words(10, 10)
    assert pace.to_words(0, 20) == ""
    clock.now_s += 1
    assert pace.to_words(5, 20) == "5.0/s, 0:00:03 left"
