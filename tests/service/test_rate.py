"""Who asks too often must wait."""

from maskwise.service.rate import RateLimit


class Clock:
    def __init__(self) -> None:
        self.now_s = 100.0

    def __call__(self) -> float:
        return self.now_s


def test_a_burst_is_let_in_and_then_as_many_as_drip() -> None:
    clock = Clock()
    limit = RateLimit(2.0, burst=3, clock=clock)
    assert [limit.wait_s("door") for _ in range(4)] == [0, 0, 0, 0.5]
    clock.now_s += 0.5
    assert [limit.wait_s("door") for _ in range(2)] == [0, 0.5]
    clock.now_s += 60
    assert [limit.wait_s("door") for _ in range(4)] == [0, 0, 0, 0.5]


def test_each_has_a_bucket_of_its_own() -> None:
    limit = RateLimit(1.0, burst=1, clock=Clock())
    assert limit.wait_s("door") == 0
    assert limit.wait_s("door") == 1
    assert limit.wait_s("desk") == 0


def test_without_a_rate_nobody_waits() -> None:
    limit = RateLimit(0.0, burst=1, clock=Clock())
    assert {limit.wait_s("door") for _ in range(1000)} == {0.0}


def test_crowds_are_forgotten() -> None:
    limit = RateLimit(1.0, burst=1, clock=Clock())
    for number in range(20_000):
        limit.wait_s(str(number))
    assert limit.wait_s("19999") > 0  # known
    assert limit.wait_s("0") == 0  # forgotten
