"""Fields whose words are a closed list, read without regard to case and blanks (SEMANTICS 8.1)."""

from collections.abc import Mapping
from typing import Any

from streams.engine.values import BOUNCE_KINDS, CHANNELS, METRICS

CHANNEL_WORDS: Mapping[str, str] = {channel: channel for channel in CHANNELS}

_ALSO_WRITTEN: dict[str, dict[str, str]] = {"kind": BOUNCE_KINDS}

CLOSED_LISTS: Mapping[str, Mapping[str, Mapping[str, str]]] = {
    metric: {
        name: {word: word for word in field.words} | _ALSO_WRITTEN.get(name, {})
        for name, field in known.fields.items()
        if field.words
    }
    for metric, known in METRICS.items()
}
"""Metric -> field -> word as it may be written -> word that is meant."""


def word_in(words: Mapping[str, str], written: Any) -> str | None:
    """The word that is meant; None for one that isn't in the list."""
    return words.get(written.strip().lower()) if type(written) is str else None
