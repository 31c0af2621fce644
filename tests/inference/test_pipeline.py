import json
import subprocess
import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from bundles import write_small_bundle
from maskwise.errors import BadBundle, BadRun, InvalidInput
from maskwise.faces.whole import WholePicture
from maskwise.inference import bundle, pipeline
from maskwise.inference.bundle import Bundle
from maskwise.inference.classifier import MaskClassifier
from maskwise.inference.decision import DecisionRule, StrictRule
from maskwise.inference.pipeline import MaskDetector
from maskwise.inference.quality import QualityRule
from maskwise.preprocess import PreprocessSpec
from maskwise.results import Faces

SPEC = PreprocessSpec(size_hw=(4, 4), crop_margin=0.0)


class Brightness:
    """A session that calls bright faces masked, and notes the size of each batch."""

    def __init__(self, n_classes: int = 2) -> None:
        self.n_classes = n_classes
        self.batches: list[int] = []

    def run(self, batch: NDArray[np.float32]) -> NDArray[np.float32]:
        self.batches.append(len(batch))
        probability = np.zeros((len(batch), self.n_classes), dtype=np.float32)
        probability[:, 1] = batch.mean(axis=(1, 2, 3)) / batch.max(initial=1)
        probability[:, 0] = 1 - probability[:, 1]
        return probability


class Columns:
    """A detector that takes each ten columns of a picture as a face; the first is cut off."""

    def __call__(self, image_rgb: NDArray[np.uint8]) -> Faces:
        height, width, _ = image_rgb.shape
        left = np.arange(0, width - 9, 10)
        edges = [left, 0 * left, left + 10, 0 * left + height]
        found = Faces.found(
            xyxy=np.stack(edges, axis=1).astype(np.float32),
            detector_score=np.full(len(left), 0.9, dtype=np.float32),
        )
        return replace(found, quality=tuple(("cut_off",) if x == 0 else () for x in left))


def stripes(*levels: int) -> NDArray[np.uint8]:
    """A picture `(10, 10 * n, 3)` with a stripe for each level."""
    row = np.repeat(np.array(levels, dtype=np.uint8), 10)
    return np.broadcast_to(row[None, :, None], (10, len(row), 3)).copy()


def detector_of(session: Brightness | None = None, **rules: Any) -> MaskDetector:
    session = session or Brightness()
    classifier = MaskClassifier(session, SPEC, n_classes=session.n_classes)
    return MaskDetector(Columns(), classifier, **rules)


def same(one: Faces, other: Faces) -> bool:
    return one.to_dicts() == other.to_dicts() and np.array_equal(one.probability, other.probability)


# Deciding


def test_strictly_a_doubtful_mask_is_unsure() -> None:
    strict = StrictRule(
        min_probability=0.95, max_missed=0.01, confidence=0.95, guaranteed=True, n=400
    )
    rule, picture = DecisionRule(strict=strict), stripes(0, 255, 230, 26)
    assert detector_of(rule=rule)(picture).label.tolist() == [-1, 1, 1, 0]
    assert detector_of(rule=rule, strict=True)(picture).label.tolist() == [-1, 1, -1, 0]


def test_strict_needs_a_model_that_was_calibrated_for_it() -> None:
    with pytest.raises(InvalidInput, match="`strict` needs a model"):
        detector_of(strict=True)


def test_each_face_is_answered_from_its_own_pixels() -> None:
    faces = detector_of()(stripes(255, 0, 255, 51))
    assert faces.xyxy.tolist() == [[left, 0, left + 10, 10] for left in (0, 10, 20, 30)]
    assert faces.probability[:, 1] == pytest.approx([1, 0, 1, 0.2])
    assert faces.label.tolist() == [-1, 0, 1, 0]  # the first is cut off


def test_the_rule_calibrates_and_holds_back() -> None:
    rule = DecisionRule(temperature=2, min_probability=0.7)
    faces = detector_of(rule=rule)(stripes(0, 26, 255, 102))
    assert faces.probability == pytest.approx(
        rule.calibrate(detector_of()(stripes(0, 26, 255, 102)).probability)
    )
    assert faces.label.tolist() == [-1, 0, 1, -1]


def test_doubted_faces_are_unsure_and_keep_their_probabilities() -> None:
    faces = detector_of(quality=QualityRule(min_side_px=11))(stripes(0, 255))
    assert faces.quality == (("cut_off", "too_small"), ("too_small",))
    assert faces.label.tolist() == [-1, -1]
    assert faces.probability[:, 1] == pytest.approx([0, 1])


@pytest.mark.parametrize("n_classes", [2, 3])
def test_a_picture_without_faces_has_the_columns_of_all_others(n_classes: int) -> None:
    detector = detector_of(Brightness(n_classes))
    for faces in (detector(stripes(9)[:, :5]), *detector.detect_many([stripes(9)[:, :5]])):
        assert len(faces) == 0
        assert faces.probability.shape == (0, n_classes)
        assert faces.label.dtype == np.int64
    assert detector(stripes(9)).probability.shape == (1, n_classes)


def test_given_boxes_replace_the_detector() -> None:
    faces = detector_of()(stripes(0, 255, 0), [[10, 0, 20, 10], [2, 2, 8, 8]])
    assert faces.xyxy.tolist() == [[10, 0, 20, 10], [2, 2, 8, 8]]
    assert faces.label.tolist() == [1, 0]
    assert len(detector_of()(stripes(0), np.zeros((0, 4)))) == 0


def test_given_boxes_that_are_none_are_refused() -> None:
    with pytest.raises(InvalidInput, match="boxes_xyxy"):
        detector_of()(stripes(0), [[5, 5, 1, 1]])


@pytest.mark.parametrize(
    "image",
    [
        pytest.param(np.zeros((5, 5), dtype=np.uint8), id="grey"),
        pytest.param(np.zeros((5, 5, 4), dtype=np.uint8), id="alpha"),
        pytest.param(np.zeros((5, 5, 3)), id="float"),
        pytest.param(np.zeros((0, 5, 3), dtype=np.uint8), id="empty"),
        pytest.param("face.jpg", id="a path"),
    ],
)
def test_what_is_no_rgb_picture_is_refused(image: NDArray[np.uint8]) -> None:
    refusal = r"`image_rgb` must be an RGB picture.*read_image"
    with pytest.raises(InvalidInput, match=refusal):
        detector_of()(image)
    with pytest.raises(InvalidInput, match=refusal):
        detector_of().detect_many([stripes(0), image])


# Many pictures


def some_pictures(n: int) -> list[NDArray[np.uint8]]:
    generator = np.random.default_rng(0)
    return [
        generator.integers(0, 256, (10, 10 * (number % 4) + 3, 3), dtype=np.uint8)
        for number in range(n)
    ]


def test_many_pictures_get_the_answers_of_each_alone() -> None:
    rule, quality = DecisionRule(min_probability=0.51), QualityRule(min_sharpness=3)
    detector, pictures = detector_of(rule=rule, quality=quality), some_pictures(30)
    together = detector.detect_many(iter(pictures))
    assert len(together) == 30
    assert all(
        same(faces, detector(picture)) for faces, picture in zip(together, pictures, strict=True)
    )
    assert {label for faces in together for label in faces.label.tolist()} == {-1, 0, 1}


def test_many_pictures_share_batches_of_bounded_size() -> None:
    session = Brightness()
    detector_of(session).detect_many(some_pictures(30))  # with 0, 1, 2, 3, 0, 1, ... faces
    assert session.batches == [32, 11]


def test_no_pictures_give_no_answers() -> None:
    assert detector_of().detect_many([]) == []


def test_threads_and_detectors_do_not_disturb_each_other() -> None:
    pictures = some_pictures(40)
    detectors = [detector_of(), detector_of(Brightness(3))]
    alone = [[detector(picture) for picture in pictures] for detector in detectors]
    with ThreadPoolExecutor(8) as pool:
        for detector, expected in zip(detectors * 3, alone * 3, strict=True):
            answers = list(pool.map(detector, pictures))
            assert all(same(*pair) for pair in zip(answers, expected, strict=True))


# Loading bundles


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> list[tuple[Any, ...]]:
    """What was asked of the runtimes, which are faked here."""
    asked: list[tuple[Any, ...]] = []

    def open_session(
        bundle: Bundle, *, runtime: str, precision: str | None, n_threads: int | None
    ) -> Brightness:
        asked.append((bundle.name, runtime, precision))
        return Brightness(len(bundle.labels))

    runtimes = ModuleType("maskwise.inference.runtimes")
    vars(runtimes)["open_session"] = open_session
    monkeypatch.setitem(sys.modules, runtimes.__name__, runtimes)
    return asked


@pytest.fixture
def searched(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, str]]:
    """Which detectors were asked for; all are faked by one."""
    asked: list[tuple[str, str]] = []

    def open_detector(name: str, *, mode: str) -> WholePicture:
        asked.append((name, mode))
        return WholePicture()

    monkeypatch.setattr(pipeline, "open_detector", open_detector)
    return asked


def test_a_bundle_decides_as_it_says(tmp_path: Path, opened: Sequence[Any]) -> None:
    bundle = write_small_bundle(
        tmp_path / "bundle",
        labels=(0, 1, 2),
        rule=DecisionRule(min_probability=0.9),
        quality=QualityRule(min_side_px=11),
    )
    detector = MaskDetector.load(bundle.folder)
    assert opened == [("small", "onnx", None)]
    white = np.full((12, 12, 3), 255, dtype=np.uint8)
    assert detector(white).label.tolist() == [1]
    assert detector(white).probability.shape == (1, 3)
    assert detector(white // 2).label.tolist() == [-1]
    assert detector(white[:10]).quality == (("too_small",),)


def test_the_detector_is_the_one_of_the_bundle_unless_named(
    tmp_path: Path, opened: Sequence[Any], searched: list[tuple[str, str]]
) -> None:
    folder = write_small_bundle(
        tmp_path / "bundle", detector={"faces": "centerface", "mode": "thorough"}
    ).folder
    MaskDetector.load(folder)
    MaskDetector.load(str(folder), faces="yunet")
    MaskDetector.load(folder, mode="fast")
    assert searched == [("centerface", "thorough"), ("yunet", "thorough"), ("centerface", "fast")]


def test_the_wanted_runtime_is_opened(tmp_path: Path, opened: list[Any]) -> None:
    folder = write_small_bundle(tmp_path / "bundle").folder
    MaskDetector.load(folder, runtime="openvino", precision="int8")
    assert opened == [("small", "openvino", "int8")]


def test_without_model_the_shipped_bundle_is_used(
    tmp_path: Path, opened: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    write_small_bundle(tmp_path / "shipped", name="shipped")
    monkeypatch.setattr(bundle, "_SHIPPED", tmp_path / "shipped")
    for model in (None, "shipped"):
        assert len(MaskDetector.load(model)(stripes(0))) == 1
    assert opened == [("shipped", "onnx", None)] * 2


def test_a_damaged_bundle_is_refused_before_anything_is_opened(
    tmp_path: Path, opened: list[Any]
) -> None:
    folder = write_small_bundle(tmp_path / "bundle").folder
    (folder / "bundle.json").write_text("{}")
    with pytest.raises(BadBundle, match=r"bundle\.json was changed"):
        MaskDetector.load(folder)
    assert not opened


def test_a_network_with_other_classes_than_its_bundle_says_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    runtimes = SimpleNamespace(open_session=lambda *args, **kwargs: Brightness(3))
    monkeypatch.setitem(sys.modules, "maskwise.inference.runtimes", runtimes)
    detector = MaskDetector.load(write_small_bundle(tmp_path / "bundle").folder)
    with pytest.raises(InvalidInput, match="must tell 2 classes apart"):
        detector(stripes(0))


def test_deciding_with_a_bundle_loads_nothing_heavy(tmp_path: Path) -> None:
    folder = write_small_bundle(tmp_path / "bundle", detector={"faces": "yunet", "mode": "fast"})
    code = f"""
import sys
from types import SimpleNamespace

def answer(batch):
    return np.tile(np.float32([0.1, 0.9]), (len(batch), 1))

session = SimpleNamespace(run=answer)
sys.modules["maskwise.inference.runtimes"] = SimpleNamespace(
    open_session=lambda *args, **kwargs: session
)
import maskwise
import numpy as np

detector = maskwise.MaskDetector.load({str(folder.folder)!r})
detector(np.zeros((90, 120, 3), np.uint8))
detector(np.zeros((90, 120, 3), np.uint8), [[10, 10, 60, 60]])
print(*{{name.split(".")[0] for name in sys.modules}})
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    heavy = {"tensorflow", "keras", "ray", "matplotlib", "sklearn", "scipy", "onnx", "torch"}
    assert not heavy & set(done.stdout.split())


# Loading runs


@pytest.mark.parametrize("folder", ["", "missing", "x" * 300])
def test_a_folder_without_run_and_bundle_is_refused(tmp_path: Path, folder: str) -> None:
    with pytest.raises(BadRun, match=r"holds no run and no bundle\. Name a folder that"):
        MaskDetector.load(tmp_path / folder)


@pytest.mark.parametrize("chosen", [{"runtime": "openvino"}, {"precision": "int8"}])
def test_a_run_has_no_choice_of_runtimes(tmp_path: Path, chosen: dict[str, str]) -> None:
    (tmp_path / "run.json").write_text(json.dumps({}))
    with pytest.raises(InvalidInput, match=r"is a run, which TensorFlow runs.*maskwise export"):
        MaskDetector.load(tmp_path, **chosen)  # type: ignore[arg-type]


@pytest.mark.train
def test_the_answer_is_what_the_network_says_of_the_preprocessed_picture(
    tiny_run: Path, noise_rgb: NDArray[np.uint8]
) -> None:
    from maskwise.inference.runtime_keras import KerasSession
    from maskwise.runs.run import Run

    run = Run.open(tiny_run)
    expected = KerasSession.load(run).run(run.recipe.preprocess(noise_rgb)[None])
    faces = MaskDetector.load(tiny_run, faces="whole")(noise_rgb)
    assert faces.xyxy.tolist() == [[0, 0, 50, 30]]
    assert faces.probability == pytest.approx(expected, abs=1e-6)
    assert faces.label[0] == faces.probability[0].argmax()


@pytest.mark.train
def test_a_run_looks_for_all_faces_unless_told_otherwise(
    tiny_run: Path, searched: list[tuple[str, str]]
) -> None:
    MaskDetector.load(tiny_run)
    MaskDetector.load(tiny_run, faces="whole", mode="fast")
    assert searched == [("yunet", "balanced"), ("whole", "fast")]


@pytest.mark.train
def test_unknown_ways_to_find_faces_are_refused(tiny_run: Path) -> None:
    with pytest.raises(InvalidInput, match=r"must be one of whole, yunet.*Received: 'magic'"):
        MaskDetector.load(tiny_run, faces="magic")
