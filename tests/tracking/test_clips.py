"""What a person sees in real clips, counted by one pair of eyes."""

from pathlib import Path

import pytest

from maskwise.inference.following import due, follow
from maskwise.inference.pipeline import LOOKS_PER_S, MaskDetector
from maskwise.labels import UNSURE, WITH_MASK, WITHOUT_MASK
from maskwise.sources.video import Video
from maskwise.tracking.people import People, Person

pytestmark = pytest.mark.real


@pytest.fixture(scope="module")
def detector() -> MaskDetector:
    return MaskDetector.load(mode="fast")


def seen(detector: MaskDetector, data: Path, name: str) -> list[Person]:
    people = People()
    everybody: list[Person] = []
    with Video.open(str(data / "clips" / name)) as video:
        for look in follow(due(video, LOOKS_PER_S), lambda: detector, people):
            everybody += people.leave(look.frame.time_s)
    return [*everybody, *people.leave()]


def test_four_people_put_masks_on_beside_a_painting_that_wears_one(
    detector: MaskDetector, real_data: Path
) -> None:
    people = seen(detector, real_data, "group_putting_on_masks_diazoniclabs.mp4")
    histories = [[change.label for change in person.changes] for person in people]
    puts_it_on = [WITHOUT_MASK, WITH_MASK]
    # One of the four takes it off again, and puts it on at the end.
    assert sorted(histories) == sorted([[WITH_MASK], *[puts_it_on] * 3, puts_it_on * 2])
    assert all(person.n_looks > 160 for person in people)


def test_a_man_who_turns_his_head_is_one_man_without_a_mask(
    detector: MaskDetector, real_data: Path
) -> None:
    (man,) = seen(detector, real_data, "intel_head-pose-face-detection-male.gif")
    assert [change.label for change in man.changes] == [WITHOUT_MASK]


def test_of_people_seen_from_behind_hardly_anybody_is_said_to_wear_a_mask(
    detector: MaskDetector, real_data: Path
) -> None:
    # Six come one by one; when they leave, some show a cheek.
    people = seen(detector, real_data, "backs_onebyone_intel.mp4")
    assert len(people) <= 3
    assert all(person.label in (UNSURE, WITHOUT_MASK) for person in people)


def test_in_a_crowd_without_masks_nobody_is_taken_for_masked(
    detector: MaskDetector, real_data: Path
) -> None:
    people = seen(detector, real_data, "crowd_nomask_1080p_facenetpytorch.mp4")
    assert sum(person.label == WITHOUT_MASK for person in people) >= 6
    assert not [person for person in people if person.label == WITH_MASK]
