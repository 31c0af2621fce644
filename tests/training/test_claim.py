import subprocess
import sys
from pathlib import Path

import pytest

from maskwise.errors import BadRun
from maskwise.training.claim import claimed

HOLD = """
import sys, time
from pathlib import Path
from maskwise.training.claim import claimed
with claimed(Path(sys.argv[1])):
    print("held", flush=True)
    time.sleep(60)
"""


def test_another_process_is_refused_until_the_first_dies(tmp_path: Path) -> None:
    folder = tmp_path / "run"
    with subprocess.Popen(
        [sys.executable, "-c", HOLD, str(folder)], stdout=subprocess.PIPE, text=True
    ) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        with pytest.raises(BadRun, match="Another training is writing"), claimed(folder):
            pass
        holder.kill()
    with claimed(folder):
        assert folder.is_dir()


def test_it_is_released_after_an_error(tmp_path: Path) -> None:
    for _ in range(2):
        with pytest.raises(ZeroDivisionError), claimed(tmp_path):
            raise ZeroDivisionError
