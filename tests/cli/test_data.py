import json
import shutil
import subprocess
import sys
from pathlib import Path

from annotations import put_text
from maskwise.dataset.dataset import Dataset
from pictures import fill_class_folders


def test_draw_says_what_it_made_and_what_to_do_next(tmp_path: Path) -> None:
    folder = tmp_path / "set"
    done = subprocess.run(
        [sys.executable, "-m", "maskwise", "data", "draw", str(folder), "--count", "12"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == ""
    assert done.stderr == (
        f"Drew 12 pictures into {folder}. Train on them: "
        f"maskwise train {folder} --recipe reference --out runs/first\n"
    )
    assert len([path for path in folder.rglob("*") if path.is_file()]) == 12


def maskwise_data(*arguments: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "maskwise", "data", *map(str, arguments)],
        capture_output=True,
        text=True,
        check=False,
    )


def test_convert_says_what_it_wrote(tmp_path: Path) -> None:
    data = fill_class_folders(tmp_path / "data", per_class=2)
    done = maskwise_data("convert", data, tmp_path / "out", "--to", "coco")
    assert (done.returncode, done.stdout) == (0, "")
    assert done.stderr == (
        f"Wrote 4 faces as coco to {tmp_path / 'out'}: 2 without_mask, 2 with_mask\n"
    )
    assert (tmp_path / "out" / "annotations.json").is_file()


def test_convert_names_the_first_problems_and_goes_on(tmp_path: Path) -> None:
    data = fill_class_folders(tmp_path / "data", per_class=1)
    lines = [f"gone{index}.png,mask" for index in range(7)]
    put_text(data / "list.csv", "\n".join(["file,label", "0000.png,Gesicht", *lines]))
    done = maskwise_data(
        *("convert", data / "list.csv", tmp_path / "out"),
        *("--to", "csv", "--class", "Gesicht=without_mask"),
    )
    assert done.returncode == 1
    assert done.stderr.splitlines() == [
        "7 problems in annotations",
        *(
            f"  list.csv:{line}: there is no picture 'gone{line - 3}.png' in the data folder: "
            "the line is not used"
            for line in range(3, 8)
        ),
        "  and 2 more",
        "1 pictures of which no class is known",
        "  with_mask/0001.png",
        f"Wrote 1 faces as csv to {tmp_path / 'out'}: 1 without_mask",
    ]


def test_convert_tells_by_its_exit_code_of_pictures_that_it_left_out(tmp_path: Path) -> None:
    data = fill_class_folders(tmp_path / "data", per_class=1)
    shutil.copy(data / "with_mask" / "0001.png", data / "other.png")
    done = maskwise_data("convert", data, tmp_path / "out", "--to", "csv")
    assert done.returncode == 1
    assert done.stderr.splitlines()[:2] == [
        "1 pictures of which no class is known",
        "  other.png",
    ]
    done = maskwise_data("convert", data, tmp_path / "strict", "--to", "csv", "--strict")
    assert done.returncode == 1
    assert not (tmp_path / "strict").exists()


def test_convert_refuses_problems_if_it_is_to_be_strict(tmp_path: Path) -> None:
    data = fill_class_folders(tmp_path / "data", per_class=1)
    put_text(data / "list.csv", "file,label\n0000.png,mask\ngone.png,mask\n")
    done = maskwise_data("convert", data / "list.csv", tmp_path / "out", "--to", "csv", "--strict")
    assert done.returncode == 1
    assert "The first: list.csv:3: there is no picture" in done.stderr
    assert not (tmp_path / "out").exists()


def test_convert_refuses_at_once_what_it_could_not_write(tmp_path: Path) -> None:
    data = fill_class_folders(tmp_path / "data", per_class=1)
    for arguments, message in (
        ((data, "--to", "csv"), "`out` must be new or empty"),
        ((data / "out", "--to", "csv"), "`out` must not lie in the data folder"),
        ((tmp_path / "out", "--to", "kitti"), "`format` must be one of"),
        ((tmp_path / "out", "--to", "csv", "--class", "Maske"), "must be NAME=LABEL"),
    ):
        done = maskwise_data("convert", data, *arguments)
        assert done.returncode == 2
        assert message in done.stderr


def test_an_audit_prints_a_summary_and_writes_pages_and_a_cleaned_copy(
    pictures: Path, tmp_path: Path
) -> None:
    shutil.copy(pictures / "with_mask" / "0001.png", pictures / "with_mask" / "again.png")
    (pictures / "with_mask" / "broken.jpg").write_bytes(b"")
    before = sorted(path.relative_to(pictures) for path in pictures.rglob("*"))
    done = maskwise_data(
        *("audit", pictures, "--out", tmp_path / "audit"),
        *("--fix", tmp_path / "cleaned"),
    )
    assert done.returncode == 0, done.stderr
    assert "41 faces" in done.stdout
    assert sorted(path.name for path in (tmp_path / "audit").iterdir()) == [
        *("audit.html", "audit.json", "audit.md")
    ]
    assert Dataset.open(tmp_path / "cleaned").counts() == {"without_mask": 20, "with_mask": 20}
    removed = (tmp_path / "cleaned" / "removed.csv").read_text().splitlines()
    assert removed[0] == "file,reason"
    assert [line.split(",")[0] for line in removed[1:]] == [
        *("with_mask/0001.png", "with_mask/broken.jpg")
    ]
    assert sorted(path.relative_to(pictures) for path in pictures.rglob("*")) == before


def test_an_audit_as_json_is_for_programs(pictures: Path) -> None:
    shutil.copy(pictures / "with_mask" / "0001.png", pictures / "with_mask" / "again.png")
    done = maskwise_data("audit", pictures, "--json")
    assert json.loads(done.stdout)["near_duplicates"] == [
        ["with_mask/0001.png", "with_mask/again.png"]
    ]


def test_a_cleaned_copy_goes_into_no_folder_that_holds_files(pictures: Path) -> None:
    done = maskwise_data("audit", pictures, "--fix", pictures)
    assert done.returncode == 2
    assert "must be new or empty" in done.stderr


def test_a_cleaned_copy_does_not_go_into_the_data(pictures: Path, tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(pictures, target_is_directory=True)
    put_text(pictures / "list.csv", "file,label\n0001.png,mask\n")
    for data, out in (
        (pictures, pictures / "cleaned" / "copy"),
        (pictures, tmp_path / "link" / "cleaned"),
        (pictures / "list.csv", pictures / "cleaned"),
    ):
        done = maskwise_data("audit", data, "--fix", out)
        assert done.returncode == 2
        assert "must not lie in the data folder" in done.stderr
    assert not (pictures / "cleaned").exists()


def test_an_audit_does_not_see_the_files_of_the_one_before(pictures: Path) -> None:
    maskwise_data("audit", pictures, "--out", pictures / "audit")
    assert (pictures / "audit" / "audit.json").is_file()
    again = Dataset.open(pictures)
    assert (again.problems, again.unlabelled, len(again.samples)) == ((), (), 40)
