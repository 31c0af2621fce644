import json
import os
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from collections_drawn import draw_folder, files_below, read_answers, serving_s3
from pictures import draw_picture
from spawned import spawned_by

SCORE = (sys.executable, "-m", "maskwise", "score")


def score(*arguments: object, cwd: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*SCORE, *map(str, arguments)],
        capture_output=True,
        text=True,
        check=False,
        cwd=cwd,
        env={**os.environ, **environment},
    )


@pytest.fixture(scope="module")
def many(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of 400 pictures, of which one is broken, and their answers in one go."""
    folder = tmp_path_factory.mktemp("many")
    (folder / "in").mkdir()
    for number in range(400):
        picture = draw_picture(number % 7, masked=number % 2 == 0)
        picture.save(folder / "in" / f"{number:03}.png")
    (folder / "in" / "005.png").write_bytes(b"broken")
    done = score("in", "--faces", "whole", "--out", "whole", cwd=folder)
    assert done.returncode == 1  # one is broken
    assert done.stdout == ""
    words, wrote = done.stderr.splitlines()
    assert words.startswith("400 pictures, 399 faces: ")
    assert words.endswith("; 1 could not be read")
    assert wrote == f"Wrote {folder}/whole"
    return folder


def test_answers_are_those_of_detect(many: Path) -> None:
    rows = read_answers(many / "whole")
    (broken,) = [row for row in rows if row["error"]]
    assert broken["source"] == f"{many}/in/005.png"
    done = subprocess.run(
        [sys.executable, "-m", "maskwise", "detect", "in", "--faces", "whole"],
        *(),
        capture_output=True,
        text=True,
        check=False,
        cwd=many,
    )
    said = [json.loads(line) for line in done.stdout.splitlines()]
    faces = [row for row in rows if row["row"] == "face"]
    told = [face for one in said for face in one.get("faces", ())]
    assert [face["label"] for face in told] == [row["label"] for row in faces]
    for face, row in zip(told, faces, strict=True):
        assert row["probability_with_mask"] == pytest.approx(
            face["probability"]["with_mask"], abs=2e-6
        )


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGINT])
def test_one_that_was_cut_off_goes_on_and_ends_with_the_same_files(many: Path, how: int) -> None:
    out = many / f"cut-{how}"
    asked = ("in", "--faces", "whole", "--out", out.name, "--workers", "2")
    running = subprocess.Popen(
        [*SCORE, *asked], cwd=many, stderr=subprocess.PIPE, text=True, start_new_session=True
    )
    until_s = time.monotonic() + 120
    while not list(out.glob("answers/*/*.parquet")):
        assert time.monotonic() < until_s
        assert running.poll() is None
        time.sleep(0.01)
    children = spawned_by(running)
    if how == signal.SIGINT:
        os.killpg(running.pid, how)  # as a terminal does
    else:
        running.kill()
    _, said = running.communicate(timeout=30)
    if how == signal.SIGINT:
        assert running.returncode == 130
        assert said.splitlines() == ["maskwise: interrupted"]
    while any(Path(f"/proc/{pid}").exists() for pid in children):
        assert time.monotonic() < until_s
        time.sleep(0.05)
    assert not (out / "manifest.json").exists()
    done = score(*asked, cwd=many)
    assert done.returncode == 1
    assert "parts are done." in done.stderr
    assert files_below(out) == files_below(many / "whole")
    again = score(*asked, cwd=many)
    assert again.returncode == 1
    assert files_below(out) == files_below(many / "whole")


def test_a_few_broken_pictures_may_be_allowed_for(many: Path) -> None:
    asked = ("in", "--faces", "whole", "--out", "whole")  # all of it is done: only told again
    assert score(*asked, "--max-errors", "0.0025", cwd=many).returncode == 0  # 1 of 400
    assert score(*asked, "--max-errors", "0.0024", cwd=many).returncode == 1
    refused = score(*asked, "--max-errors", "40", cwd=many)
    assert refused.returncode == 2
    assert refused.stderr.splitlines() == [
        "maskwise: `max-errors` must be a share, from 0 to 1. Received: 40."
    ]


def test_by_ray_on_this_machine(many: Path) -> None:
    asked = ("in", "--faces", "whole", "--out", "ray", "--ray", "--workers", "1")
    done = score(*asked, cwd=many)
    assert done.returncode == 1
    assert done.stderr.startswith("400 pictures, 399 faces: ")
    assert len(done.stderr.splitlines()) == 2  # and nothing of Ray
    assert files_below(many / "ray") == files_below(many / "whole")


def test_from_a_bucket_and_what_it_refuses(tmp_path: Path) -> None:
    draw_folder(tmp_path / "in", 3)
    with serving_s3() as s3:
        for path in (tmp_path / "in").iterdir():
            s3.put_object(Bucket="pictures", Key=f"in/{path.name}", Body=path.read_bytes())
        asked = ("s3://pictures/in/", "--faces", "whole", "--out")
        done = score(*asked, "s3://pictures/out/", cwd=tmp_path)
        assert done.returncode == 0, done.stderr
        manifest = json.loads(
            s3.get_object(Bucket="pictures", Key="out/manifest.json")["Body"].read()
        )
        assert manifest["totals"]["pictures"] == 3
        for source, place, reason in (
            ("s3://none/in", "out", "source must be a folder that can be listed"),
            ("s3://pictures/in", "s3://none/out", "there is no such bucket or folder"),
            ("s3://pictures/in", "https://host/out", "lies behind HTTP"),
        ):
            refused = score(source, "--out", place, cwd=tmp_path)
            assert refused.returncode in (1, 2)
            assert reason in refused.stderr
            assert len(refused.stderr.splitlines()) == 1
        with checking_credentials(s3.meta.endpoint_url):
            refused = score("s3://pictures/in", "--out", "out", cwd=tmp_path)
        assert refused.returncode == 1
        assert refused.stderr == (
            "maskwise: s3://pictures: the store refuses, as credentials are missing or wrong; set "
            "AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE.\n"
        )
        assert not (tmp_path / "out").exists()


@contextmanager
def checking_credentials(address: str) -> Iterator[None]:
    """Let the server look at who asks."""
    for wanted in (b"0", b"inf"):
        asked = urllib.request.Request(
            f"{address}/moto-api/reset-auth", wanted, {"Content-Type": "text/plain"}
        )
        urllib.request.urlopen(asked).close()
        if wanted == b"0":
            yield


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (("in", "--out", "in/out"), 2, "`out` must lie outside of the source"),
        (("in", "--out", "o", "--workers", "0"), 2, "`workers` must be at least 1. Received: 0."),
        (("gone", "--out", "o"), 2, "A source must be a folder that can be listed"),
        (("in", "--out", "o", "--model", "gone"), 1, "gone holds no run"),
        (("in", "--out", "o", "--ray", "127.0.0.1:9"), 1, "No Ray cluster answers at 127.0.0.1:9"),
        (("in", "--out", "o", "--ray", "host:0"), 2, "`ray` must be auto or the HOST:PORT"),
        (("in",), 2, "Missing option '--out'"),
    ],
)
def test_what_cannot_be_done_is_said_in_one_line(
    tmp_path: Path, arguments: tuple[str, ...], code: int, said: str
) -> None:
    draw_folder(tmp_path / "in", 1)
    done = score(*arguments, cwd=tmp_path)
    assert done.returncode == code
    assert said in done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert sorted(path.name for path in tmp_path.iterdir()) == ["in"]


def test_a_full_disk_loses_nothing(many: Path, tmp_path: Path) -> None:
    (tmp_path / "limited.py").write_text(
        "import resource, sys\n"
        "from maskwise.__main__ import main\n"
        "if __name__ == '__main__':\n"
        "    import maskwise.distributed.stores.disk as disk\n"
        "    write = disk.write_bytes\n"
        "    def full(path, content):\n"
        "        if 'answers' in str(path) and path.stem.endswith('2'):\n"
        "            from maskwise.durable import output_failed\n"
        "            raise output_failed(path, OSError(28, 'No space left on device'))\n"
        "        write(path, content)\n"
        "    disk.write_bytes = full\n"
        "    main()\n"
    )
    out = tmp_path / "out"
    asked = ("score", str(many / "in"), "--faces", "whole", "--out", str(out), "--workers", "1")
    full = subprocess.run(
        [sys.executable, str(tmp_path / "limited.py"), *asked],
        capture_output=True,
        text=True,
        check=False,
    )
    assert full.returncode == 1
    assert "No space left on device" in full.stderr
    assert len(full.stderr.splitlines()) == 1
    assert not (out / "manifest.json").exists()
    assert score(*asked[1:], cwd=tmp_path).returncode == 1
    expected = files_below(many / "whole")
    assert files_below(out / "answers") == {
        name.removeprefix("answers/"): content
        for name, content in expected.items()
        if name.startswith("answers/")
    }
