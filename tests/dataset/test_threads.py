import threading

import pytest

from maskwise.dataset.threads import map_in_threads


def test_results_come_in_the_order_of_the_items() -> None:
    assert list(map_in_threads(lambda number: number * number, range(600))) == [
        number * number for number in range(600)
    ]


def test_no_more_is_done_ahead_than_is_taken() -> None:
    seen: list[int] = []
    lock = threading.Lock()

    def note(number: int) -> int:
        with lock:
            seen.append(number)
        return number

    results = map_in_threads(note, range(2000))
    assert next(results) == 0
    results.close()  # type: ignore[attr-defined]
    assert len(seen) <= 256


def test_an_error_reaches_whoever_takes_the_results() -> None:
    def fail(number: int) -> int:
        if number == 3:
            raise ValueError("three")
        return number

    with pytest.raises(ValueError, match="three"):
        list(map_in_threads(fail, range(10)))
