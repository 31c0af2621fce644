import shutil
from pathlib import Path, PurePosixPath

import pytest
from PIL import Image, ImageOps

from maskwise.dataset.dataset import Dataset
from maskwise.errors import BadDataset
from maskwise.evaluation.unseen import unseen_pictures
from maskwise.runs.run import Run
from maskwise.training.fit import train
from pictures import fill_class_folders

pytestmark = pytest.mark.train


@pytest.fixture
def others(tmp_path: Path) -> Path:
    """Twelve pictures that no network has seen."""
    return fill_class_folders(tmp_path / "others", per_class=6, first_seed=900)


def pictures_of(run: Run, side: str) -> list[Path]:
    return [run.data_folder / sample.path for sample in getattr(run.read_split(), side)]


def test_what_was_trained_or_watched_on_is_left_out_in_any_copy(
    tiny_run: Path, others: Path
) -> None:
    run = Run.open(tiny_run)
    first, second, *_ = pictures_of(run, "train")
    watched = pictures_of(run, "validation")[0]
    Image.open(first).save(others / first.parent.name / "again.jpg", quality=70)
    ImageOps.mirror(Image.open(watched)).save(others / watched.parent.name / "mirrored.png")
    shutil.copy(second, others / second.parent.name / "copy.png")
    kept, notes = unseen_pictures([run], others, labels=(0, 1), who="the network")
    assert sorted(kept.counts().values()) == [6, 6]
    assert not any(Path(s.path).stem in {"again", "mirrored", "copy"} for s in kept.samples)
    assert notes == (
        "Left out: 1 picture that the network was trained on, byte for byte.",
        "Left out: 2 pictures that the network was trained on in another copy (near-duplicates).",
    )


def test_the_test_side_may_be_judged_on(tiny_run: Path, tmp_path: Path) -> None:
    run = Run.open(tiny_run)
    for picture in pictures_of(run, "test"):
        (tmp_path / "again" / picture.parent.name).mkdir(parents=True, exist_ok=True)
        Image.open(picture).save(tmp_path / "again" / picture.parent.name / f"{picture.stem}.png")
    kept, notes = unseen_pictures([run], tmp_path / "again", labels=(0, 1), who="the network")
    assert len(kept.samples) == 8
    assert notes == ()


@pytest.fixture(scope="module")
def scene_run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run on faces of ten scenes."""
    folder = tmp_path_factory.mktemp("scenes")
    data = fill_class_folders(folder / "data", per_class=11, first_seed=300)
    paths = sorted(path.relative_to(data).as_posix() for path in data.rglob("*.png"))
    rows = [f"{path},,{n % 10}.jpg" for n, path in enumerate(paths)]
    (data / "manifest.csv").write_text("\n".join(["file,face,scene", *rows]) + "\n")
    train(data, out=folder / "run", epochs=1)
    return folder / "run"


def with_scenes(folder: Path, names: dict[str, str]) -> Path:
    rows = [f"{path},{name}" for path, name in names.items()]
    (folder / "manifest.csv").write_text("\n".join(["file,scene", *rows]) + "\n")
    return folder


def test_other_faces_of_scenes_that_were_trained_on_are_left_out(
    scene_run: Path, others: Path
) -> None:
    trained_on = Run.open(scene_run).read_split().train[0].attributes["scene"]
    named = PurePosixPath(trained_on).with_suffix(".png").name
    with_scenes(others, {"with_mask/0901.png": named, "with_mask/0903.png": "elsewhere.png"})
    kept, notes = unseen_pictures([Run.open(scene_run)], others, labels=(0, 1), who="the network")
    assert "with_mask/0901.png" not in {sample.path for sample in kept.samples}
    assert len(kept.samples) == 11
    assert notes == (
        "Left out: 1 picture of a scene that the network was trained on, by its name.",
    )


def test_photos_from_which_faces_were_cut_are_left_out(scene_run: Path, others: Path) -> None:
    scene = Run.open(scene_run).read_split().train[0].attributes["scene"]
    photo = others / PurePosixPath(scene).with_suffix(".png")
    (others / "with_mask" / "0901.png").rename(photo)
    rows = [f"{photo.name},with_mask,2,2,40,38", "with_mask/0903.png,with_mask,2,2,40,38"]
    (others / "faces.csv").write_text("\n".join(["file,label,xmin,ymin,xmax,ymax", *rows]) + "\n")
    kept, notes = unseen_pictures(
        [Run.open(scene_run)], others / "faces.csv", labels=(0, 1), who="it"
    )
    assert [sample.path for sample in kept.samples] == ["with_mask/0903.png"]
    assert notes[0] == "Left out: 1 face of a scene that it was trained on, by its name."


def test_what_is_kept_comes_in_groups(tiny_run: Path, others: Path) -> None:
    for path in sorted((others / "with_mask").glob("*.png")):
        Image.open(path).save(path.with_suffix(".jpg"), quality=80)
    kept, _ = unseen_pictures([Run.open(tiny_run)], others, labels=(0, 1), who="the network")
    assert len(kept.samples) == 18
    assert len({sample.attributes["group"] for sample in kept.samples}) == 12


def test_training_pictures_that_are_gone_are_told_of(
    tiny_run: Path, tiny_data: Path, others: Path, tmp_path: Path
) -> None:
    data = shutil.copytree(tiny_data, tmp_path / "data")
    shutil.copytree(tiny_run, tmp_path / "run")
    run = Run.open(tmp_path / "run").moved_data(data)
    gone, changed, known, *_ = pictures_of(run, "train")
    Image.open(known).save(others / known.parent.name / "again.jpg", quality=70)
    shutil.copy(gone, others / gone.parent.name / "copy.png")
    gone.unlink()
    changed.write_bytes(b"other")
    kept, notes = unseen_pictures([run], others, labels=(0, 1), who="the network")
    assert len(kept.samples) == 12
    assert notes[:2] == (
        "Left out: 1 picture that the network was trained on, byte for byte.",
        "Left out: 1 picture that the network was trained on in another copy (near-duplicates).",
    )
    assert notes[2].startswith("2 pictures that the network was trained on can no longer be read")


def test_looking_at_the_pictures_is_told_of(tiny_run: Path, others: Path) -> None:
    told: list[tuple[int, int]] = []
    unseen_pictures(
        [Run.open(tiny_run)],
        others,
        labels=(0, 1),
        who="it",
        on_progress=lambda *step: told.append(step),
    )
    n = 32 + 12  # trained and watched on, and the others
    assert told == [(done, n) for done in range(1, n + 1)]


def test_two_runs_on_the_same_pictures_look_at_them_once(tiny_run: Path, others: Path) -> None:
    told: list[tuple[int, int]] = []
    run = Run.open(tiny_run)
    unseen_pictures(
        [run, run], others, labels=(0, 1), who="A or B", on_progress=lambda *s: told.append(s)
    )
    assert told[-1] == (44, 44)


def test_nothing_but_copies_is_nothing_to_judge_on(
    tiny_run: Path, others: Path, tmp_path: Path
) -> None:
    run = Run.open(tiny_run)
    first = pictures_of(run, "train")[0]
    (tmp_path / "copies" / first.parent.name).mkdir(parents=True)
    Image.open(first).save(tmp_path / "copies" / first.parent.name / "again.jpg", quality=70)
    with pytest.raises(BadDataset, match=r"left to judge on\. 1 picture that it was trained on in"):
        unseen_pictures([run], Dataset.open(tmp_path / "copies"), labels=(0, 1), who="it")
