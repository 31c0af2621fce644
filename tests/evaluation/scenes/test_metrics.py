import json
import math
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from random import Random
from unittest.mock import patch

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from maskwise.errors import InvalidInput
from maskwise.evaluation.scenes import metrics as module
from maskwise.evaluation.scenes.metrics import SizeMetrics, measure_scenes
from maskwise.evaluation.scenes.scene import Scene
from maskwise.intervals import Estimate, rate
from maskwise.labels import INCORRECT, UNSURE, WITH_MASK, WITHOUT_MASK
from maskwise.results import Faces

Box = tuple[int, int, int, int]
Face = tuple[Box, int]
Answer = tuple[Box, int, float]

LEFT, MIDDLE, RIGHT = (0, 0, 40, 40), (50, 0, 90, 40), (100, 0, 140, 40)
TINY = (200, 0, 212, 12)


@pytest.fixture(scope="module", autouse=True)
def _few_resamples() -> Iterator[None]:
    with patch.object(module, "_RESAMPLES", 40):
        yield


def scene(truth: Sequence[Face], answers: Sequence[Answer], *, classes: int = 3) -> Scene:
    """Faces as (box, label), answers as (box, label, detector score); each is sure of its label."""
    label = np.array([label for _, label, _ in answers], dtype=np.int64)
    probability = np.zeros((len(answers), classes), dtype=np.float32)
    probability[np.arange(len(answers)), label] = 1.0
    return Scene(
        truth_xyxy=np.array([box for box, _ in truth], dtype=np.float32).reshape(-1, 4),
        truth_label=np.array([label for _, label in truth], dtype=np.int64),
        answer=Faces(
            xyxy=np.array([box for box, _, _ in answers], dtype=np.float32).reshape(-1, 4),
            detector_score=np.array([score for _, _, score in answers], dtype=np.float32),
            probability=probability,
            label=label,
        ),
    )


def average_precisions(metrics: SizeMetrics) -> list[float | None]:
    return [each.average_precision.value for each in metrics.per_class]


def test_missed_and_misnamed_are_told_apart() -> None:
    truth = [(LEFT, WITH_MASK), (MIDDLE, WITH_MASK), (RIGHT, WITH_MASK), (TINY, WITH_MASK)]
    answers = [(LEFT, WITH_MASK, 0.9), (MIDDLE, INCORRECT, 0.8), (RIGHT, UNSURE, 0.7)]
    overall = measure_scenes([scene(truth, answers)]).overall
    masked = overall.per_class[WITH_MASK]
    assert (masked.support, masked.found, masked.missed) == (4, 3, 1)
    assert (masked.right, masked.misnamed, masked.unsure) == (1, 1, 1)
    assert masked.called == (0, 1, 1, 1)
    assert masked.detector_recall == overall.detector_recall
    assert masked.accuracy == overall.accuracy
    assert overall.detector_recall.value == 3 / 4
    assert overall.accuracy.value == 1 / 3
    assert overall.confusion == ((0, 0, 0, 0), (0, 1, 1, 1), (0, 0, 0, 0))
    assert overall.false_alarms == 0  # a misnamed face is a face nevertheless
    assert average_precisions(overall) == [None, pytest.approx(1 / 4), None]


def test_false_alarms_are_counted_by_picture() -> None:
    empty = scene([], [(LEFT, WITH_MASK, 0.9), (MIDDLE, UNSURE, 0.2)])
    twice = scene([(LEFT, WITH_MASK)], [(LEFT, WITH_MASK, 0.9), (LEFT, WITH_MASK, 0.8)])
    overall = measure_scenes([empty, twice, scene([], [])]).overall
    assert overall.false_alarms == 3
    assert overall.false_alarms_per_picture.value == pytest.approx(3 / 3)
    assert overall.mean_average_precision.value == pytest.approx(1 / 2)  # one of two at 0.9


def test_score_is_detector_score_times_probability() -> None:
    truth, false = (LEFT, WITH_MASK), (RIGHT, WITH_MASK, 0.9)
    judged = scene([truth], [(LEFT, WITH_MASK, 0.6), false])
    assert average_precisions(measure_scenes([judged]).overall)[WITH_MASK] == pytest.approx(1 / 2)
    judged.answer.probability[1] = 0.4, 0.6, 0.0
    assert average_precisions(measure_scenes([judged]).overall)[WITH_MASK] == pytest.approx(1.0)


def test_detector_alone_chooses_by_its_own_score() -> None:
    one = scene([(LEFT, WITH_MASK)], [(LEFT, WITH_MASK, 0.8), (LEFT, WITHOUT_MASK, 0.9)])
    assert measure_scenes([one]).overall.per_class[WITH_MASK].called == (1, 0, 0, 0)


def test_classes_without_a_face_do_not_enter_the_mean() -> None:
    truth = [(LEFT, WITH_MASK), (RIGHT, WITHOUT_MASK)]
    answers = [(LEFT, WITH_MASK, 0.9), (MIDDLE, INCORRECT, 0.9)]
    overall = measure_scenes([scene(truth, answers)]).overall
    assert average_precisions(overall) == [0.0, 1.0, None]
    assert overall.mean_average_precision.value == pytest.approx(1 / 2)


def test_a_classifier_of_two_classes_is_never_right_about_the_third() -> None:
    truth = [(LEFT, WITH_MASK), (RIGHT, INCORRECT)]
    answers = [(LEFT, WITH_MASK, 0.9), (RIGHT, WITHOUT_MASK, 0.9)]
    overall = measure_scenes([scene(truth, answers, classes=2)]).overall
    assert average_precisions(overall) == [None, 1.0, 0.0]
    assert overall.per_class[INCORRECT].called == (1, 0, 0, 0)


def test_faces_that_are_only_found_judge_the_detector() -> None:
    found = Faces.found(
        xyxy=np.array([LEFT], dtype=np.float32), detector_score=np.ones(1, dtype=np.float32)
    )
    truth = scene([(LEFT, WITH_MASK), (RIGHT, WITH_MASK)], [])
    overall = measure_scenes([Scene(truth.truth_xyxy, truth.truth_label, found)]).overall
    assert overall.detector_recall.value == 1 / 2
    assert overall.confusion[WITH_MASK] == (0, 0, 0, 1)
    assert overall.mean_average_precision.value == 0.0


def test_sizes_are_judged_apart() -> None:
    truth = [(TINY, WITH_MASK), (LEFT, WITH_MASK), (RIGHT, WITHOUT_MASK)]
    answers = [(LEFT, WITH_MASK, 0.9), ((300, 0, 310, 10), WITH_MASK, 0.8)]
    metrics = measure_scenes([scene(truth, answers)])
    assert [each.size.min_px for each in metrics.by_size] == [0, 16, 32, 64]
    assert [each.size.max_px for each in metrics.by_size] == [16, 32, 64, math.inf]
    assert [each.support for each in metrics.by_size] == [1, 0, 2, 0]
    assert [each.found for each in metrics.by_size] == [0, 0, 1, 0]
    assert [each.false_alarms for each in metrics.by_size] == [1, 0, 0, 0]
    assert metrics.overall.support == 3


def test_faces_of_one_picture_are_no_independent_witnesses() -> None:
    crowd = [((50 * place, 0, 50 * place + 40, 40), WITH_MASK) for place in range(8)]
    seen, unseen = scene(crowd, [(*face, 0.9) for face in crowd]), scene(crowd, [])
    recall = measure_scenes([seen, unseen, seen, seen]).overall.detector_recall
    assert recall.value == 24 / 32
    assert recall.low is not None
    assert 0.2 < recall.low <= (rate(24, 32, effective_n=4).low or 0)
    alone = [scene([face], [(*face, 0.9)] if n < 24 else []) for n, face in enumerate(4 * crowd)]
    assert measure_scenes(alone).overall.detector_recall == rate(24, 32)


def test_ignored_faces_are_neither_missed_nor_false_alarms() -> None:
    judged = scene([(LEFT, WITH_MASK)], [(LEFT, WITH_MASK, 0.5), (MIDDLE, WITH_MASK, 0.9)])
    ignored = np.array([MIDDLE, RIGHT], dtype=np.float32)
    overall = measure_scenes([replace(judged, ignored_xyxy=ignored)]).overall
    assert (overall.support, overall.found, overall.false_alarms) == (1, 1, 0)
    assert average_precisions(overall)[WITH_MASK] == 1.0
    twice = scene([(LEFT, WITH_MASK)], [(LEFT, WITH_MASK, 0.5), (LEFT, WITH_MASK, 0.4)])
    overall = measure_scenes(
        [replace(twice, ignored_xyxy=np.array([LEFT], dtype=np.float32))]
    ).overall
    assert (overall.found, overall.false_alarms) == (1, 0)


def test_faces_below_the_least_size_are_ignored() -> None:
    truth = [(TINY, WITH_MASK), (LEFT, WITH_MASK)]
    answers = [
        (LEFT, WITH_MASK, 0.8),
        (TINY, WITH_MASK, 0.9),
        ((300, 0, 310, 10), WITH_MASK, 0.9),
    ]
    metrics = measure_scenes([scene(truth, answers)], min_size_px=20)
    assert metrics.overall.support == 1
    assert metrics.overall.false_alarms == 0
    assert metrics.overall.mean_average_precision.value == 1.0
    ranges = [(each.size.min_px, each.size.max_px) for each in metrics.by_size]
    assert ranges == [(20, 32), (32, 64), (64, math.inf)]


@pytest.mark.parametrize("scenes", [[], [scene([], [])]], ids=["no pictures", "no faces"])
def test_what_is_not_there_is_undefined(scenes: list[Scene]) -> None:
    overall = measure_scenes(scenes).overall
    assert overall.mean_average_precision == overall.detector_recall == Estimate()
    assert overall.accuracy == Estimate()
    assert average_precisions(overall) == [None, None, None]
    assert overall.false_alarms_per_picture.value == (0.0 if scenes else None)


def test_to_dict_is_json() -> None:
    plain = measure_scenes([scene([(LEFT, WITH_MASK)], [(LEFT, WITH_MASK, 0.9)])]).to_dict()
    assert json.loads(json.dumps(plain, allow_nan=False)) == plain
    assert plain["labels"] == ["without_mask", "with_mask", "incorrect", "unsure"]
    assert plain["by_size"][3]["max_px"] is None
    masked = plain["overall"]["per_class"][WITH_MASK]
    assert (masked["label"], masked["support"], masked["right"]) == ("with_mask", 1, 1)


@pytest.mark.parametrize(
    ("box", "label", "message"),
    [
        pytest.param([[0, 0, 5]], [1], r"`truth_xyxy` must have shape \(n, 4\)", id="three edges"),
        pytest.param([[0, 0, 5, 5]], [1, 1], "`truth_label` must have one entry", id="labels"),
        pytest.param([[0, 0, 5, 0]], [1], "right > left", id="empty"),
        pytest.param([[5, 0, 0, 5]], [1], "right > left", id="inverted"),
        pytest.param([[0, 0, np.inf, 5]], [1], "finite", id="infinite"),
        pytest.param([[0, 0, 5, 5]], [3], "`truth_label` must be 0 to 2", id="unknown class"),
        pytest.param([[0, 0, 5, 5]], [UNSURE], "`truth_label` must be 0 to 2", id="unsure"),
    ],
)
def test_wrong_truth_is_refused(box: list[list[float]], label: list[int], message: str) -> None:
    with pytest.raises(InvalidInput, match=message):
        Scene(np.array(box, dtype=np.float32), np.array(label), scene([], []).answer)


@pytest.mark.parametrize("size", [-1, math.nan, math.inf])
def test_wrong_size_is_refused(size: float) -> None:
    with pytest.raises(InvalidInput, match="`min_px` must be"):
        measure_scenes([], min_size_px=size)


# What follows judges random scenes, also by an implementation that is as slow as it is obvious.


def slow_iou(a: Box, b: Box) -> float:
    width = min(a[2], b[2]) - max(a[0], b[0])
    height = min(a[3], b[3]) - max(a[1], b[1])
    shared = max(width, 0) * max(height, 0)
    return shared / (sum((x1 - x0) * (y1 - y0) for x0, y0, x1, y1 in (a, b)) - shared)


def is_of_size(box: Box, low: float, high: float) -> bool:
    return low <= min(box[2] - box[0], box[3] - box[1]) < high


def slow_match(
    truth: list[Face], answers: list[Answer], low: float, high: float
) -> tuple[list[tuple[int, int]], int]:
    """Pairs (true label, label answered) of judged faces that were found, and false alarms."""
    free = list(truth)
    pairs, false = [], 0
    for box, label, _ in sorted(answers, key=lambda answer: -answer[2]):
        near = [face for face in free if slow_iou(box, face[0]) >= 0.5]
        judged = [face for face in near if is_of_size(face[0], low, high)]
        if judged:
            best = max(judged, key=lambda face: slow_iou(box, face[0]))
            pairs.append((best[1], label))
            free.remove(best)
        elif near:
            free.remove(max(near, key=lambda face: slow_iou(box, face[0])))
        elif is_of_size(box, low, high):
            false += 1
    return pairs, false


Drawn = list[tuple[list[Face], list[Answer]]]


def slow_average_precision(drawn: Drawn, label: int, low: float, high: float) -> float | None:
    """The mean over all faces, of the best precision at which that many of them are found."""
    faces = [[face for face in truth if face[1] == label] for truth, _ in drawn]
    n_faces = sum(is_of_size(box, low, high) for each in faces for box, _ in each)
    scores = {score for _, answers in drawn for _, name, score in answers if name == label}
    points = []
    for threshold in scores:
        right = wrong = 0
        for truth, (_, answers) in zip(faces, drawn, strict=True):
            kept = [each for each in answers if each[1] == label and each[2] >= threshold]
            pairs, false = slow_match(truth, kept, low, high)
            right, wrong = right + len(pairs), wrong + false
        if right:
            points.append((right, right / (right + wrong)))
    if not n_faces:
        return None
    best = [max((p for k, p in points if k >= n), default=0.0) for n in range(1, n_faces + 1)]
    return sum(best) / n_faces


@st.composite
def box(draw: st.DrawFn) -> Box:
    """Boxes about a few places, so that many overlap by about one half."""
    x, y = draw(st.sampled_from([0, 40, 44])), draw(st.sampled_from([0, 5]))
    return x, y, x + draw(st.integers(10, 24)), y + draw(st.integers(10, 24))


score = st.sampled_from([0.25, 0.5, 0.625, 0.75, 1.0])
faces = st.lists(st.tuples(box(), st.integers(0, 2)), max_size=4)
answers = st.lists(st.tuples(box(), st.integers(-1, 2), score), max_size=5)
pictures = st.lists(st.tuples(faces, answers), min_size=1, max_size=4)


@given(pictures, st.sampled_from([0.0, 14.0, 18.0]))
@settings(deadline=None, max_examples=60)
def test_agrees_with_the_slow_and_obvious(drawn: Drawn, min_size_px: float) -> None:
    metrics = measure_scenes([scene(*each) for each in drawn], min_size_px=min_size_px)
    for each in (metrics.overall, *metrics.by_size):
        low, high = each.size.min_px, each.size.max_px
        expected = [slow_average_precision(drawn, label, low, high) for label in range(3)]
        assert average_precisions(each) == pytest.approx(expected)
        pairs, false = zip(*(slow_match(*picture, low, high) for picture in drawn), strict=True)
        called = np.zeros((3, 4), dtype=np.int64)
        for true, answered in (pair for found in pairs for pair in found):
            called[true, answered] += 1
        assert np.array_equal(each.confusion, called)
        assert each.false_alarms == sum(false)


@given(pictures, st.randoms(use_true_random=False))
@settings(deadline=None, max_examples=30)
def test_the_order_of_pictures_does_not_matter(drawn: Drawn, random: Random) -> None:
    shuffled = list(drawn)
    random.shuffle(shuffled)
    ordered = measure_scenes([scene(*each) for each in drawn])
    other = measure_scenes([scene(*each) for each in shuffled])
    pairs = zip((ordered.overall, *ordered.by_size), (other.overall, *other.by_size), strict=True)
    for a, b in pairs:
        assert average_precisions(a) == pytest.approx(average_precisions(b))
        assert (a.confusion, a.false_alarms) == (b.confusion, b.false_alarms)


@given(st.lists(faces, min_size=1, max_size=4))
@settings(deadline=None, max_examples=30)
def test_perfect_answers_are_perfect(truths: list[list[Face]]) -> None:
    # Apart from each other: of faces that overlap by half, an answer may be taken for the other.
    apart = [
        [((x0 + 500 * i, y0, x1 + 500 * i, y1), label) for i, ((x0, y0, x1, y1), label) in faces]
        for faces in map(enumerate, truths)
    ]
    drawn = [(truth, [(box, label, 0.5) for box, label in truth]) for truth in apart]
    for each in measure_scenes([scene(*picture) for picture in drawn]).by_size:
        assert all(value in (1.0, None) for value in average_precisions(each))
        assert each.found == each.support
        assert each.false_alarms == 0


@given(pictures, box(), st.integers(0, 2))
@settings(deadline=None, max_examples=30)
def test_a_false_alarm_of_least_score_never_helps(drawn: Drawn, place: Box, label: int) -> None:
    before = measure_scenes([scene(*each) for each in drawn]).overall
    away = (place[0] + 500, place[1], place[2] + 500, place[3])
    (truth, given_answers), *rest = drawn
    worse = [(truth, [*given_answers, (away, label, 0.125)]), *rest]
    after = measure_scenes([scene(*each) for each in worse]).overall
    assert after.false_alarms == before.false_alarms + 1
    assert average_precisions(after) == pytest.approx(average_precisions(before))


def random_scenes(n: int, *, seed: int = 0) -> list[Scene]:
    """Pictures of up to eight faces of which most are found, and some false alarms."""
    random = np.random.default_rng(seed)
    made = []
    for _ in range(n):
        places = random.permutation(12)
        truth = [((50 * int(p), 0, 50 * int(p) + 30, 30), int(random.integers(3))) for p in places]
        named = [(b, label if random.random() < 0.8 else 1) for b, label in truth]
        n_faces = int(random.integers(9))
        given_answers = [(*each, random.random()) for each in named if random.random() < 0.8]
        made.append(scene(truth[:n_faces], given_answers[:8]))
    return made


def test_intervals_hold_their_values_and_are_the_same_every_time() -> None:
    scenes = random_scenes(40)
    overall = measure_scenes(scenes).overall
    assert overall == measure_scenes(scenes).overall
    per_class = [each.average_precision for each in overall.per_class]
    for each in (*per_class, overall.mean_average_precision, overall.false_alarms_per_picture):
        assert each.value is not None
        assert each.low is not None
        assert each.high is not None
        assert each.low < each.value < each.high


def test_more_pictures_are_more_certain() -> None:
    widths = []
    for n in (20, 200):
        alarms = measure_scenes(random_scenes(n)).overall.false_alarms_per_picture
        assert alarms.high is not None
        assert alarms.low is not None
        widths.append(alarms.high - alarms.low)
    assert widths[1] < widths[0] / 2


def test_a_class_on_one_picture_has_no_interval() -> None:
    rare = scene([(LEFT, INCORRECT)], [(LEFT, INCORRECT, 0.5)])
    overall = measure_scenes([rare, *(scene([], []) for _ in range(9))]).overall
    assert overall.per_class[INCORRECT].average_precision == Estimate(1.0, None, None)


@pytest.mark.real
def test_real_annotations_answered_by_themselves(real_data: Path) -> None:
    coco = json.loads((real_data / "scenes" / "annotations_coco_val.json").read_text())
    labels = {"with_mask": WITH_MASK, "without_mask": WITHOUT_MASK, "incorrect": INCORRECT}
    label_of = {each["id"]: labels[each["name"]] for each in coco["categories"]}
    faces_of: dict[int, list[Face]] = {each["id"]: [] for each in coco["images"]}
    for each in coco["annotations"]:
        x, y, width, height = each["bbox"]
        face = (x, y, x + width, y + height), label_of[each["category_id"]]
        faces_of[each["image_id"]].append(face)
    metrics = measure_scenes(
        [scene(truth, [(*face, 0.5) for face in truth]) for truth in faces_of.values()]
    )
    assert metrics.overall.support == metrics.overall.found == len(coco["annotations"])
    assert average_precisions(metrics.overall) == [1.0, 1.0, 1.0]
    assert sum(each.support for each in metrics.by_size) == metrics.overall.support
