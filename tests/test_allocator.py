import subprocess
import sys

import pytest

CODE = """
import ctypes
from maskwise.allocator import keep_freed_memory
keep_freed_memory()
libc = ctypes.CDLL(None)
libc.malloc.restype = ctypes.c_void_p
libc.malloc.argtypes = [ctypes.c_size_t]
libc.free.argtypes = [ctypes.c_void_p]
n_bytes = 64 * 2**20
first = libc.malloc(n_bytes)
ctypes.memset(first, 7, n_bytes)
libc.free(first)
second = libc.malloc(n_bytes)
print(ctypes.string_at(second + n_bytes // 2, 1) == b"\\x07")
"""


@pytest.mark.skipif(sys.platform != "linux", reason="only glibc is asked")
def test_a_freed_buffer_is_handed_out_again_without_a_round_by_the_system() -> None:
    done = subprocess.run([sys.executable, "-c", CODE], capture_output=True, text=True, check=True)
    assert done.stdout == "True\n"
