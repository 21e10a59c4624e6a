import os
import subprocess
import sys

import pytest

from streams.kafka.partition import KeyCheck, murmur2, partition_of

# What org.apache.kafka.common.utils.Utils.murmur2 answers (signed, as Java prints them).
JAVA = {
    b"21": -973932308,
    b"foobar": -790332482,
    b"a-little-bit-long-string": -985981536,
    b"a-little-bit-longer-string": -1486304829,
    b"lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8": -58897971,
    b"abc": 479470107,
}


@pytest.mark.parametrize("key", JAVA)
def test_pitfall_38_murmur2_is_javas(key):
    assert murmur2(key) == JAVA[key] & 0xFFFFFFFF


def test_the_sign_of_javas_hash_is_dropped_before_the_remainder():
    assert partition_of(b"21", 7) == (-973932308 & 0x7FFFFFFF) % 7


@pytest.mark.parametrize("seed", ["1", "2"])
def test_pitfall_38_a_partition_does_not_depend_on_pythons_hash(seed):
    program = (
        "from streams.kafka.partition import partition_of;"
        "print([partition_of(b'customer-%d' % n, 12) for n in range(50)])"
    )
    answer = subprocess.run(
        [sys.executable, "-c", program],
        env={**os.environ, "PYTHONHASHSEED": seed},
        capture_output=True,
        text=True,
        check=True,
    )
    assert answer.stdout.strip() == str([partition_of(b"customer-%d" % n, 12) for n in range(50)])


def keys_of(partition: int, count: int) -> list[bytes]:
    numbers = iter(range(100_000))
    return [
        key
        for key in (b"%d" % next(numbers) for _ in range(count * 8))
        if partition_of(key, 4) == partition
    ][:count]


def test_d34_a_key_of_another_partition_is_named_with_both() -> None:
    """SEMANTICS 8.11."""
    check = KeyCheck(2, 4)
    (wrong,) = keys_of(1, 1)
    for _ in range(2):  # the second time from memory
        assert check.misplaced(wrong) == (
            "the record is in partition 2, expected 1 of 4, the one of its key (murmur2); set "
            "partitioner=murmur2_random (librdkafka) in its producer"
        )


def test_a_key_of_this_partition_is_fine() -> None:
    check = KeyCheck(2, 4)
    assert [check.misplaced(key) for key in keys_of(2, 3)] == [None, None, None]
