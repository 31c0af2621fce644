"""Commands: what `maskwise` does and says, in this process or in one of its own."""

import contextlib
import io
import subprocess
import sys
from pathlib import Path

from maskwise.cli.main import _exit_code


def maskwise(*arguments: object, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    """Run a command to its end in this process, which has loaded TensorFlow already.

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


def maskwise_process(
    *arguments: object, cwd: Path | None = None
) -> subprocess.CompletedProcess[str]:
    """Run a command to its end as users do, which takes seconds to start."""
    words = [sys.executable, "-m", "maskwise", *map(str, arguments)]
    return subprocess.run(words, capture_output=True, text=True, check=False, cwd=cwd)
