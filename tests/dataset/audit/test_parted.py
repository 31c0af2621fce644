from maskwise.dataset.audit.parted import PartedGroup, find_parted
from maskwise.dataset.samples import Sample


def face(path: str, group: str, side: str) -> Sample:
    return Sample(path, 0, 1, path, (9, 9), attributes={"group": group, "side": side})


def test_groups_on_two_sides_are_found() -> None:
    samples = [
        *(face("d.jpg", "1", "train"), face("a.jpg", "1", "test"), face("c.jpg", "1", "")),
        *(face("b.jpg", "2", "train"), face("e.jpg", "2", "train"), face("f.jpg", "2", "")),
    ]
    assert find_parted(samples) == (PartedGroup(("a.jpg", "c.jpg", "d.jpg"), ("test", "train")),)
