"""Who was seen, when and with what: one decision for each person."""

from dataclasses import replace

import numpy as np

from looks import look
from maskwise.labels import UNSURE, WITH_MASK, WITHOUT_MASK
from maskwise.tracking.people import Change, People


def test_one_person_is_decided_on_once_and_not_in_every_frame() -> None:
    people = People()
    said = [
        people.update(look((index, WITH_MASK if index % 5 else UNSURE)), index / 10).label.tolist()
        for index in range(20)
    ]
    assert said[:3] == [[UNSURE]] * 3
    assert said[3:] == [[WITH_MASK]] * 17
    (person,) = people.leave()
    assert (person.label, person.n_looks, person.changes) == (
        WITH_MASK,
        20,
        [Change(0.3, WITH_MASK)],
    )
    assert (person.first_s, person.last_s) == (0.0, 1.9)


def test_who_puts_a_mask_on_is_one_person_with_two_changes() -> None:
    people = People()
    for index in range(60):
        people.update(look((0, WITHOUT_MASK if index < 30 else WITH_MASK)), index / 10)
    (person,) = people.leave()
    assert [change.label for change in person.changes] == [WITHOUT_MASK, WITH_MASK]
    assert person.label == WITH_MASK
    assert person.to_dict()["changes"][0] == {"time_s": 0.2, "label": "without_mask"}


def test_what_flickers_up_is_nobody() -> None:
    people = People()
    for index in range(20):
        people.update(look(*([(0, WITH_MASK)] if index in (5, 6) else [])), index / 10)
    assert list(people.leave()) == []


def test_what_is_never_seen_well_is_nobody() -> None:
    def n_people(*scores: float) -> int:
        people = People()
        for index, score in enumerate(scores):
            faces = look((0, WITH_MASK))
            people.update(replace(faces, detector_score=np.array([score], np.float32)), index / 10)
        return len(list(people.leave()))

    assert n_people(*[0.7] * 20) == 0
    assert n_people(*[0.7] * 19, 0.8) == 1


def test_in_the_shortest_of_videos_one_look_is_enough() -> None:
    people = People()
    people.update(look((0, WITH_MASK)), 0.0)
    assert [person.label for person in people.leave()] == [UNSURE]


def test_who_has_left_is_told_once_and_forgotten() -> None:
    people = People()
    for index in range(10):
        people.update(look((0, WITH_MASK), (200, WITHOUT_MASK)), index / 10)
    for index in range(10, 40):
        people.update(look((200, WITHOUT_MASK)), index / 10)
    assert [person.number for person in people.present] == [1, 2]
    assert [person.number for person in people.leave(3.9)] == [1]
    assert list(people.leave(3.9)) == []
    assert [person.number for person in people.present] == [2]
    assert [person.number for person in people.leave()] == [2]


def test_memory_does_not_grow_with_those_who_left() -> None:
    people = People()
    for index in range(400):
        people.update(look((300.0 * index, WITH_MASK)), index * 1.0)
        assert len(list(people.leave(index * 1.0))) == 0
    assert len(people._present) <= 3
