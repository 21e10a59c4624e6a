"""Wrong sets of definitions, each with the messages that it must get: all of them, with line and
column. A file says where it would lie (`# file:`, by default a flow of its own name) and what is
expected of it (`# expects: LINE:COLUMN: message`); what is allowed is compared where it is given,
because the language grows."""

from itertools import zip_longest
from pathlib import Path

import pytest

from streams.definitions import load_folder

BAD = Path(__file__).parent / "bad"
ALLOWED = " (allowed: "
FILES = sorted(BAD.glob("*.yaml"))


def problems_of(file: Path, folder: Path) -> list[str]:
    """Returns the problems of the set that contains `file`, in the form LINE:COLUMN: message."""
    text = file.read_text()
    place = folder / (said(text, "file") or [file.name])[0]
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_text(text)
    loaded = load_folder(folder)
    assert (loaded.definitions is None) == bool(loaded.problems)
    assert all(Path(problem.file) == place for problem in loaded.problems)
    return [str(problem).removeprefix(f"{place}:").strip() for problem in loaded.problems]


def said(text: str, key: str) -> list[str]:
    mark = f"# {key}: "
    return [line.removeprefix(mark) for line in text.splitlines() if line.startswith(mark)]


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_wrong_definitions_get_every_message_at_its_place(file: Path, tmp_path: Path) -> None:
    expected = said(file.read_text(), "expects")
    found = [
        problem if ALLOWED in wanted else problem.partition(ALLOWED)[0]
        for problem, wanted in zip_longest(problems_of(file, tmp_path), expected, fillvalue="")
    ]
    assert found == expected


def test_there_are_wrong_definitions_of_every_kind() -> None:
    assert len(FILES) >= 40
