import os
import subprocess
import sys

import pytest

from streams.engine.values.identity import (
    id_hash,
    is_among,
    journey_id,
    sample_point,
    send_id,
    sku_hash,
)

PRINT_ALL = """
from streams.engine.values.identity import *
print(id_hash("e").hex(), sku_hash("A").hex(), journey_id("c", "f", "e"), send_id("j", "s"),
      sample_point("c", "f", "s"))
"""


@pytest.mark.parametrize("seed", ["0", "4711"])
def test_pitfall_38_no_hash_depends_on_the_process(seed: str) -> None:
    out = subprocess.run(
        [sys.executable, "-c", PRINT_ALL],
        env={**os.environ, "PYTHONHASHSEED": seed},
        capture_output=True,
        text=True,
        check=True,
    ).stdout.split()
    assert out == [
        id_hash("e").hex(),
        sku_hash("A").hex(),
        journey_id("c", "f", "e"),
        send_id("j", "s"),
        str(sample_point("c", "f", "s")),
    ]


def test_ids_stay_what_they_are_in_the_field() -> None:
    """A change here would send messages again that are under way."""
    assert journey_id("ada", "welcome", "e1") == "9dd9109c2b163b24b715"
    assert send_id("17", "hello") == "c81649f11727418aab7d"
    assert sample_point("ada", "welcome", "half") == 2710230913975433893


def test_names_that_run_together_are_different_names() -> None:
    assert journey_id("ada", "b", "c") != journey_id("ad", "ab", "c")
    assert sample_point("a", "bc") != sample_point("ab", "c")


def test_a_hash_across_two_others_is_not_among_them() -> None:
    hashes = bytes.fromhex("000102030405060708090a0b0c0d0e0f")
    across = hashes[4:12]
    assert is_among(hashes[:8], hashes)
    assert is_among(hashes[8:], hashes)
    assert not is_among(across, hashes)
    assert is_among(across, hashes + across)
    assert not is_among(across, b"")


def test_a_sample_is_even() -> None:
    points = [sample_point(f"customer-{number}", "flow", "half") for number in range(1_000)]
    below = sum(point < 1 << 63 for point in points)
    assert 450 <= below <= 550  # S47: 45 to 55 %
