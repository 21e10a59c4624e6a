"""Definitions as files: YAML with the position of every value, folders read as a set, problems with
file, line and column.

The YAML library is imported here only. `load.py` reads a folder, `lint.py` gives advice, `diff.py`
compares two sets, `picture.py` draws a flow.
"""

from streams.definitions.load import Loaded, load_folder, no_folder
from streams.definitions.placed_problem import PlacedProblem
from streams.definitions.source import SourceText, parse_yaml

__all__ = ["Loaded", "PlacedProblem", "SourceText", "load_folder", "no_folder", "parse_yaml"]
