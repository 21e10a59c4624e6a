"""Parameters for the links of a message, `utm`: links bear `utm_campaign`, whether the flow writes
`campaign` or `utm_campaign`."""

from collections.abc import Iterator, Mapping

from streams.engine.values import Problem

_PREFIX = "utm_"


def link_parameters(written: Mapping[str, str]) -> dict[str, str]:
    """The parameters by the names that links bear."""
    return {_name(name): value for name, value in written.items()}


def check_link_parameters(written: Mapping[str, str]) -> Iterator[Problem]:
    """No parameter is written in both forms."""
    seen: dict[str, str] = {}
    for name in written:
        first = seen.setdefault(_name(name), name)
        if first != name:
            yield Problem(
                ("utm", name), f"{name!r} and {first!r} are the same parameter", at_key=True
            )


def _name(written: str) -> str:
    return _PREFIX + written.removeprefix(_PREFIX)
