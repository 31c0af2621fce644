"""How well classes are told apart by what has nothing to do with masks."""

import numpy as np
import pytest
from numpy.typing import NDArray

from maskwise.dataset.audit.findings import Probe
from maskwise.dataset.audit.probes import probe_shortcuts
from maskwise.dataset.audit.traits import METADATA, TRAITS

N = 200


def draw_traits(n: int = N) -> NDArray[np.void]:
    """Pictures of noise with files that all look alike."""
    random = np.random.default_rng(0)
    traits = np.zeros(n, dtype=TRAITS)
    traits["metadata"] = random.normal(size=(n, len(METADATA)))
    traits["thumbnail"] = random.integers(0, 100, traits["thumbnail"].shape)
    return traits


def probe(traits: NDArray[np.void], label: NDArray[np.int64], seed: int = 0) -> dict[str, Probe]:
    group = np.arange(len(label))
    found = probe_shortcuts(traits, label, group, thumbnail_probability=None, seed=seed)
    return {each.name: each for each in found}


def accuracy(of: Probe) -> float:
    return of.right / of.n


def test_noise_gives_nothing_away() -> None:
    probes = probe(draw_traits(), np.arange(N) % 2)
    assert probes.keys() == {"metadata", "border"}
    assert probes["border"].majority_share == 0.5
    assert 0.35 < accuracy(probes["metadata"]) < 0.65
    assert 0.35 < accuracy(probes["border"]) < 0.65


def test_files_made_differently_give_the_class_away() -> None:
    traits, label = draw_traits(), np.arange(N) % 2
    traits["metadata"][:, METADATA.index("width")] += 5 * label
    probes = probe(traits, label)
    assert accuracy(probes["metadata"]) > 0.95
    assert accuracy(probes["border"]) < 0.65


@pytest.mark.parametrize("classes", [2, 3])
def test_another_background_gives_the_class_away(classes: int) -> None:
    traits, label = draw_traits(), np.arange(N) % classes
    traits["thumbnail"][:, :3] += (40 * label)[:, None, None, None].astype(np.uint8)
    probes = probe(traits, label)
    assert accuracy(probes["border"]) > 0.95
    assert accuracy(probes["metadata"]) < 0.65


def test_the_border_does_not_show_the_middle() -> None:
    traits, label = draw_traits(), np.arange(N) % 2
    traits["thumbnail"][:, 4:28, 4:28] += (100 * label)[:, None, None, None].astype(np.uint8)
    assert accuracy(probe(traits, label)["border"]) < 0.65


def test_the_thumbnail_is_judged_by_the_answers_given() -> None:
    label = np.array([0, 0, 0, 1] * 50)
    probability = np.eye(2)[np.array([0, 0, 1, 1] * 50)]
    *_, thumbnail = probe_shortcuts(
        draw_traits(), label, np.arange(N), thumbnail_probability=probability, seed=0
    )
    assert thumbnail == Probe(name="thumbnail", right=150, n=200, majority=150)


def test_copies_of_a_shot_bear_witness_but_once() -> None:
    label = np.arange(N) % 2
    once = {
        each.name: each
        for each in probe_shortcuts(
            draw_traits(), label, np.arange(N), thumbnail_probability=None, seed=0
        )
    }
    copies = np.repeat(np.arange(N), 5)
    answers = np.eye(2)[(np.arange(N) % 3 == 0).astype(int)][copies]
    *_, thumbnail = probe_shortcuts(
        draw_traits()[copies], label[copies], copies, thumbnail_probability=answers, seed=0
    )
    assert once["metadata"].effective_n is None
    assert thumbnail.n == 5 * N
    assert thumbnail.effective_n == pytest.approx(N, rel=0.01)


def test_too_little_is_undefined() -> None:
    label = np.array([0] * 20 + [1] * 4)
    assert probe(draw_traits(24), label) == {}
    assert probe(draw_traits(0), label[:0]) == {}


def test_pictures_that_are_all_the_same_are_no_crash() -> None:
    probes = probe(np.zeros(40, dtype=TRAITS), np.arange(40) % 2)
    assert accuracy(probes["border"]) <= 0.6


def test_the_same_seed_gives_the_same_figures() -> None:
    traits, label = draw_traits(), np.arange(N) % 2
    assert probe(traits, label, seed=4) == probe(traits, label, seed=4)
