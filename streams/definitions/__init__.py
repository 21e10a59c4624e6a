"""Definitions as files: YAML with the place of every value, a folder to a set, messages with file,
line and column."""

from streams.definitions.load import Loaded, load_folder, no_folder
from streams.definitions.problem import PlacedProblem
from streams.definitions.source import Source, parse_yaml

__all__ = ["Loaded", "PlacedProblem", "Source", "load_folder", "no_folder", "parse_yaml"]
