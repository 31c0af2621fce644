import io
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from maskwise.dataset.dataset import Dataset
from maskwise.dataset.drawn import draw_face, draw_sample_set
from maskwise.errors import InvalidInput


def contents(folder: Path) -> dict[str, bytes]:
    return {str(p.relative_to(folder)): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


@pytest.fixture(scope="module")
def sample_set(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("drawn") / "set"
    draw_sample_set(folder, count=600, seed=7)
    return folder


def test_same_seed_same_bytes(tmp_path: Path) -> None:
    for name, seed in (("one", 3), ("same", 3), ("other", 4)):
        draw_sample_set(tmp_path / name, count=12, seed=seed)
    assert contents(tmp_path / "one") == contents(tmp_path / "same")
    assert contents(tmp_path / "one") != contents(tmp_path / "other")


def test_every_picture_can_be_used_and_the_classes_have_their_shares(sample_set: Path) -> None:
    data = Dataset.open(sample_set)
    assert data.counts() == {"without_mask": 270, "with_mask": 270, "incorrect": 60}
    assert not data.unreadable
    data.require_trainable((0, 1, 2))
    assert len({sample.size_hw for sample in data.samples}) > 100


def test_numbers_and_formats_say_nothing(sample_set: Path) -> None:
    for name in ("with_mask", "without_mask"):
        paths = list((sample_set / name).iterdir())
        numbers = [int(path.stem.removeprefix("face-")) for path in paths]
        assert np.mean(numbers) == pytest.approx(300, abs=30)
        assert {path.suffix for path in paths} == {".jpg", ".jpeg", ".JPG", ".png", ".webp"}


def test_progress_and_paths(tmp_path: Path) -> None:
    seen: list[tuple[int, int]] = []
    paths = draw_sample_set(
        tmp_path / "set", count=12, on_progress=lambda done, total: seen.append((done, total))
    )
    assert seen == [(done, 12) for done in range(1, 13)]
    assert [path.stem for path in paths] == [f"face-{number:02d}" for number in range(1, 13)]
    assert all(path.is_file() for path in paths)


@pytest.mark.parametrize("index", range(8))
def test_only_the_face_depends_on_the_label(index: int) -> None:
    bare, masked = (draw_face(label, seed=1, index=index).astype(int) for label in (0, 1))
    assert bare.shape == masked.shape
    changed = np.abs(bare - masked).max(axis=2) > 0
    assert 0.005 < changed.mean() < 0.7


def border(image_rgb: NDArray[np.uint8]) -> NDArray[np.float64]:
    small = np.asarray(Image.fromarray(image_rgb).resize((32, 32)), dtype=np.float64)
    ring = np.ones((32, 32), dtype=bool)
    ring[3:-3, 3:-3] = False
    return small[ring].ravel()


def metadata(path: Path) -> list[float]:
    content = path.read_bytes()
    with Image.open(io.BytesIO(content)) as picture:
        width, height = picture.size
        tables = getattr(picture, "quantization", {})
        first = sum(tables.get(0, [0]))
        return [
            *(width, height, width / height, len(content), len(content) / (width * height)),
            *(first, [".jpg", ".jpeg", ".JPG", ".png", ".webp"].index(path.suffix)),
        ]


def two_classes(folder: Path) -> tuple[list[Path], NDArray[np.int64]]:
    paths = sorted(folder.glob("with*/*"), key=lambda path: path.stem)
    return paths, np.array([int(path.parent.name == "with_mask") for path in paths])


def accuracy(features: NDArray[np.float64], label: NDArray[np.int64], model: object) -> float:
    return float(cross_val_score(model, features, label, cv=5).mean())


def forest() -> RandomForestClassifier:
    return RandomForestClassifier(100, min_samples_leaf=3, random_state=0)


def test_metadata_alone_do_not_tell_the_classes_apart(sample_set: Path) -> None:
    paths, label = two_classes(sample_set)
    assert accuracy(np.array([metadata(path) for path in paths]), label, forest()) < 0.6


def test_the_border_alone_does_not_tell_the_classes_apart(sample_set: Path) -> None:
    paths, label = two_classes(sample_set)
    features = np.array([border(np.asarray(Image.open(path).convert("RGB"))) for path in paths])
    assert accuracy(features, label, forest()) < 0.6


def test_the_face_tells_them_apart_but_not_at_a_glance(sample_set: Path) -> None:
    paths, label = two_classes(sample_set)
    thumbnails = [
        np.asarray(Image.open(path).convert("RGB").resize((32, 32)), dtype=np.float64).ravel()
        for path in paths
    ]
    model = make_pipeline(StandardScaler(), LogisticRegression(C=0.001, max_iter=300))
    assert 0.6 < accuracy(np.array(thumbnails), label, model) < 0.92


@pytest.mark.parametrize("count", [-1, 0, 11])
def test_too_few_pictures_are_refused(tmp_path: Path, count: int) -> None:
    with pytest.raises(InvalidInput, match=f"`count` must be at least 12. Received: count={count}"):
        draw_sample_set(tmp_path / "set", count=count)
    assert not (tmp_path / "set").exists()


def test_a_folder_with_files_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("precious")
    with pytest.raises(InvalidInput, match="must be new or empty"):
        draw_sample_set(tmp_path)
    assert contents(tmp_path) == {"mine.txt": b"precious"}


@pytest.mark.parametrize(
    "wrong", [{"label": 3}, {"label": -1}, {"seed": -1}, {"index": -1}], ids=str
)
def test_numbers_out_of_range_are_refused(wrong: dict[str, int]) -> None:
    arguments = {"label": 1, "seed": 0, "index": 0, **wrong}
    with pytest.raises(InvalidInput, match=next(iter(wrong))):
        draw_face(arguments.pop("label"), **arguments)
