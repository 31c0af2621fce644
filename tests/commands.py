"""Commands: what `maskwise` does and says, in this process, which has loaded TensorFlow already."""

import contextlib
import io
import subprocess
from pathlib import Path

from maskwise.cli.main import _exit_code


def maskwise(*arguments: object, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    """Run a command to its end as if in a process of its own, which would take seconds to start.

    What libraries in C write, and what is wrong with the start or the end of a process, is not
    seen: of each verb that trains or judges, one test starts a process.
    """
    words = [str(argument) for argument in arguments]
    stdout, stderr = io.StringIO(), io.StringIO()
    with (
        contextlib.chdir(cwd or Path.cwd()),
        contextlib.redirect_stdout(stdout),
        contextlib.redirect_stderr(stderr),
    ):
        code = _exit_code(words)
    return subprocess.CompletedProcess(words, code, stdout.getvalue(), stderr.getvalue())
