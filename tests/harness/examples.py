"""How many examples a property is tried on."""

import os

from hypothesis import settings

SHARE = float(os.environ.get("SENDFLOW_TEST_EXAMPLES", "1"))
"""Of the examples that a test asks for: `.ci/run` takes fewer."""


def examples(number: int) -> settings:
    """So many examples, or the share of them that is asked for. How fast one is, is no property of
    the code on a machine that others use as well."""
    return settings(max_examples=max(1, round(number * SHARE)), deadline=None)
