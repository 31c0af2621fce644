from dataclasses import replace

import numpy as np
import pytest

from maskwise.dataset.samples import SIDES, Sample, Split
from maskwise.dataset.split import (
    find_leaks,
    group_of,
    hold_out_source,
    split_as_given,
    split_by_group,
    split_randomly,
)
from maskwise.errors import BadDataset, InvalidInput


def samples(n: int, share_masked: float = 0.5) -> list[Sample]:
    return [
        Sample(f"{index}.jpg", int(index < n * share_masked), 1, f"{index:064x}", (1, 1))
        for index in range(n)
    ]


def split(n: int, seed: int = 0):  # type: ignore[no-untyped-def]
    return split_randomly(samples(n, 0.3), test_share=0.2, validation_share=0.1, seed=seed)


def test_the_shares_are_those_of_the_reference_system() -> None:
    made = split(1000)
    assert (len(made.train), len(made.validation), len(made.test)) == (720, 80, 200)


def test_every_sample_is_on_exactly_one_side() -> None:
    assert sorted(sample.path for _, sample in split(100)) == sorted(
        sample.path for sample in samples(100)
    )


def test_the_test_side_is_stratified() -> None:
    assert sum(sample.label for sample in split(1000).test) == 60


def test_the_seed_decides() -> None:
    assert split(100) == split(100)
    assert split(100) != split(100, seed=1)


@pytest.mark.train
@pytest.mark.parametrize("n", [40, 97, 1402])
def test_validation_is_what_keras_would_take(n: int) -> None:
    import keras

    made = split(n)
    rest = np.arange(len(made.train) + len(made.validation), dtype=np.float32)[:, None]
    keras.utils.set_random_seed(0)  # other tests may have asked TensorFlow for determinism
    model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1)])
    model.compile(loss=lambda true, answer: true + 0 * answer, optimizer="sgd")
    # The mean of targets that number the rows tells which rows Keras validates on.
    history = model.fit(rest, rest, validation_split=0.1, shuffle=True, verbose=0)
    assert history.history["val_loss"][0] == pytest.approx(rest[len(made.train) :].mean())


def grouped(n: int, per_group: int = 2, sources: str = "ab", first: int = 0) -> list[Sample]:
    return [
        Sample(
            *(f"{index}.jpg", index // per_group % 2, 1, f"{index:064x}", (1, 1)),
            attributes={
                "group": f"g{index // per_group}",
                "source": sources[index // (2 * per_group) % len(sources)],
            },
        )
        for index in range(first, first + n)
    ]


def by_group(samples: list[Sample], seed: int = 0) -> Split:
    return split_by_group(samples, test_share=0.2, validation_share=0.1, seed=seed)


def sides(split: Split) -> dict[str, str]:
    return {sample.path: side for side, sample in split}


def test_a_group_stands_on_one_side() -> None:
    samples = grouped(1000, per_group=5)
    side_of = sides(by_group(samples))
    for group in {group_of(sample) for sample in samples}:
        assert len({side_of[s.path] for s in samples if group_of(s) == group}) == 1
    assert side_of.keys() == {sample.path for sample in samples}


def test_the_shares_of_a_split_by_group_are_about_those_asked_for() -> None:
    made = by_group(grouped(4000))
    assert len(made.test) / 4000 == pytest.approx(0.2, abs=0.03)
    assert len(made.validation) / 4000 == pytest.approx(0.08, abs=0.02)
    for label in (0, 1):
        assert sum(s.label == label for s in made.test) == pytest.approx(400, abs=80)


def test_files_that_are_added_move_no_other() -> None:
    before = sides(by_group(grouped(400)))
    after = sides(by_group(grouped(600)))
    assert {path: after[path] for path in before} == before


def test_the_order_and_the_names_of_groups_do_not_matter() -> None:
    samples = grouped(200)
    renamed = [
        replace(sample, attributes={**sample.attributes, "group": "x" + group_of(sample)})
        for sample in reversed(samples)
    ]
    assert sides(by_group(renamed)) == sides(by_group(samples))


@pytest.mark.parametrize("seed", range(20))
def test_even_a_small_set_has_every_class_on_every_side(seed: int) -> None:
    for _, labels in labels_by_side(by_group(grouped(20, per_group=1), seed)).items():
        assert labels == {0, 1}


def labels_by_side(split: Split) -> dict[str, set[int]]:
    found: dict[str, set[int]] = {"train": set(), "validation": set(), "test": set()}
    for side, sample in split:
        found[side].add(sample.label)
    return found


def test_a_class_of_too_few_groups_is_refused() -> None:
    samples = [replace(sample, attributes={"group": str(sample.label)}) for sample in grouped(40)]
    with pytest.raises(BadDataset, match="without_mask has 1 pictures that are no near-duplicates"):
        by_group(samples)


def in_groups(*groups: str) -> list[Sample]:
    """A sample for each letter, which is its class; what stands together is one group."""
    return [
        Sample(
            *(f"{number}-{index}.jpg", int(letter), 1, f"{number}-{index}", (1, 1)),
            attributes={"group": str(number)},
        )
        for number, letters in enumerate(groups)
        for index, letter in enumerate(letters)
    ]


@pytest.mark.parametrize("seed", range(20))
def test_a_group_that_is_large_for_its_side_is_trained_on(seed: int) -> None:
    samples = in_groups("01" * 30, *"01" * 70)  # 60 of 200, where the test side should have 40
    side_of = sides(by_group(samples, seed))
    assert {side_of[s.path] for s in samples if group_of(s) == "0"} == {"train"}


@pytest.mark.parametrize("seed", range(40))
def test_a_class_that_a_side_lacks_is_not_taken_from_another_side(seed: int) -> None:
    made = by_group(in_groups("01", "01", *"01010101"), seed)
    assert all(labels == {0, 1} for labels in labels_by_side(made).values())


def test_groups_of_several_classes_that_cannot_be_shared_out_are_refused() -> None:
    with pytest.raises(BadDataset, match="without taking the last of another class from its own"):
        by_group(in_groups("012", "01", "02", "12"))


def test_faces_without_a_group_are_each_their_own() -> None:
    made = by_group(samples(1000))
    assert 150 < len(made.test) < 250


def test_the_source_that_is_held_out_is_the_test_side() -> None:
    made = hold_out_source(grouped(200, sources="abc"), "b", validation_share=0.1, seed=0)
    assert {sample.source for sample in made.test} == {"b"}
    assert {sample.source for sample in (*made.train, *made.validation)} == {"a", "c"}
    assert len(made.train) + len(made.validation) + len(made.test) == 200


def test_what_belongs_to_a_group_of_the_held_out_source_is_left_out() -> None:
    linked = grouped(200, sources="abc")
    stray = replace(linked[0], path="stray.jpg", sha256="f" * 64)  # of source a, in group g0
    twin = replace(stray, path="twin.jpg", attributes={"group": "g0", "source": "b"})
    made = hold_out_source([*linked, twin], "b", validation_share=0.1, seed=0)
    assert not {group_of(s) for s in made.test} & {
        group_of(s) for s in (*made.train, *made.validation)
    }
    assert sides(made)["0.jpg"] == "left_out"


def test_an_unknown_source_is_refused_by_naming_those_that_there_are() -> None:
    with pytest.raises(InvalidInput, match=r"must be one of a, b\. Received: 'c'"):
        hold_out_source(grouped(40), "c", validation_share=0.1, seed=0)


def given(sides: str) -> list[Sample]:
    words = {"t": "train", "v": "validation", "e": "test"}
    return [
        replace(
            sample,
            attributes={
                "group": f"g{index // 4}",
                **({"side": words[sides[index]]} if sides[index] in words else {}),
            },
        )
        for index, sample in enumerate(grouped(len(sides)))
    ]


def test_sides_that_the_data_set_names_are_taken_as_they_are() -> None:
    made = split_as_given(
        given("t" * 40 + "v" * 8 + "e" * 8 + "-" * 4), validation_share=0.1, seed=0
    )
    assert [len(getattr(made, side)) for side in SIDES] == [40, 8, 8, 4]


def test_a_side_that_nobody_knows_is_none() -> None:
    train, stranger, *others = given("ttve")
    stranger = replace(stranger, attributes={"side": "trian"})
    made = split_as_given([train, stranger, *others], validation_share=0.1, seed=0)
    assert made.left_out == (stranger,)


@pytest.mark.parametrize("other", ["v", "e"])
def test_of_two_sides_the_other_is_judged_on_and_validation_is_taken_from_training(
    other: str,
) -> None:
    made = split_as_given(given("t" * 400 + other * 40), validation_share=0.1, seed=0)
    assert len(made.test) == 40
    assert len(made.train) + len(made.validation) == 400
    assert 10 < len(made.validation) < 80
    assert not {group_of(s) for s in made.train} & {group_of(s) for s in made.validation}


@pytest.mark.parametrize("sides", ["-" * 20, "t" * 20, "e" * 20])
def test_data_that_names_no_sides_cannot_be_split_by_them(sides: str) -> None:
    with pytest.raises(BadDataset, match="names no sides to train and to judge on"):
        split_as_given(given(sides), validation_share=0.1, seed=0)


def test_leaks_are_the_groups_on_both_sides() -> None:
    samples = grouped(8)
    split = Split(
        train=tuple(samples[:3]), validation=(samples[4],), test=tuple(samples[3:4] + samples[5:])
    )
    leaks = find_leaks(split)
    assert {group: [s.path for s in found] for group, found in leaks.items()} == {
        "g1": ["3.jpg"],
        "g2": ["5.jpg"],
    }


def test_a_split_by_group_has_no_leaks() -> None:
    assert not find_leaks(by_group(grouped(300)))
    assert find_leaks(split_randomly(grouped(300), test_share=0.2, validation_share=0.1, seed=0))
