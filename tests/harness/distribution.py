"""How tests are handed out to several processes: one by one, but for those of a file that makes
something once for all of them.

Not `--dist loadgroup`, whose marks pytest-xdist 3.8 writes where pytest 9.2 doesn't look.
"""

import functools
from pathlib import Path

from xdist.scheduler import LoadScopeScheduling

TESTS = Path(__file__).parents[1]
_FOR_A_FILE = 'scope="module"'


class TogetherWhereShared(LoadScopeScheduling):  # type: ignore[misc]
    """A scope is what goes to one process: a test, or a file."""

    def _split_scope(self, nodeid: str) -> str:
        file, _, _ = nodeid.partition("::")
        return file if makes_something_once(file) else nodeid


@functools.cache
def makes_something_once(file: str) -> bool:
    """Whether a file of tests, named from the root of the project, has a fixture of its module."""
    return _FOR_A_FILE in (TESTS.parent / file).read_text()
