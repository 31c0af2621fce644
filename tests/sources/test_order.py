from pathlib import PurePath

from maskwise.sources.order import natural


def test_numbers_count_by_value_and_folders_hold_together() -> None:
    names = ["a/1.jpg", "a/2.jpg", "a/10.jpg", "a b.jpg", "B/x.jpg", "b2.jpg", "b10.jpg", "c.jpg"]
    paths = [PurePath(name) for name in names]
    assert sorted(reversed(paths), key=natural) == paths


def test_names_that_are_read_alike_have_an_order_too() -> None:
    paths = [PurePath(name) for name in ("1.jpg", "001.jpg", "01.jpg", "A.jpg", "a.jpg", "²", "٣")]
    assert sorted(paths, key=natural) == sorted(reversed(paths), key=natural)
