"""The C library's heaps of a worker's threads."""

import subprocess
import sys

import pytest

HEAPS = """
import ctypes, threading
from streams.worker.allocator import ARENAS, limit_arenas

limit_arenas()
libc = ctypes.CDLL(None)
libc.malloc.restype = ctypes.c_void_p
all_hold = threading.Barrier(17)

def hold() -> None:
    libc.malloc(100_000)
    all_hold.wait()
    all_hold.wait()

threads = [threading.Thread(target=hold) for _ in range(16)]
for thread in threads:
    thread.start()
all_hold.wait()
libc.malloc_stats()
all_hold.wait()
"""


@pytest.mark.skipif(sys.platform != "linux", reason="glibc alone has arenas")
def test_many_threads_share_few_heaps() -> None:
    done = subprocess.run([sys.executable, "-c", HEAPS], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert 1 <= done.stderr.count("Arena ") <= 2
