import os
import subprocess
import sys

import pytest

from streams.errors import Refused
from streams.kafka.partition import SAMPLE_EVERY, KeyCheck, murmur2, partition_of
from streams.ports import Record

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


def record(key: bytes | None, offset: int = 0, value: bytes | None = b"x") -> Record:
    return Record(0, offset, key, value)


def keys_of(partition: int, count: int) -> list[bytes]:
    numbers = iter(range(100_000))
    return [
        key
        for key in (b"%d" % next(numbers) for _ in range(count * 8))
        if partition_of(key, 4) == partition
    ][:count]


def test_the_first_key_of_each_partition_is_looked_at():
    check = KeyCheck(4)
    wrong = keys_of(1, 1)[0]
    check.check("orders", 1, [record(wrong)])
    with pytest.raises(Refused, match=r"orders\[2\]@7: .* expected 1 of 4 .*murmur2_random"):
        check.check("orders", 2, [record(wrong, offset=7)])


@pytest.mark.parametrize("batch", [1, 7, SAMPLE_EVERY - 1, SAMPLE_EVERY, SAMPLE_EVERY + 1])
def test_one_key_in_so_many_is_looked_at_however_they_are_fetched(batch):
    right, wrong = keys_of(0, 1)[0], keys_of(1, 1)[0]
    looked_at = []
    for bad in (0, 1, SAMPLE_EVERY - 1, SAMPLE_EVERY, SAMPLE_EVERY + 1, 2 * SAMPLE_EVERY):
        check = KeyCheck(4)
        records = [
            record(wrong if offset == bad else right, offset)
            for offset in range(2 * SAMPLE_EVERY + 1)
        ]
        try:
            for start in range(0, len(records), batch):
                check.check("orders", 0, records[start : start + batch])
        except Refused:
            looked_at.append(bad)
    assert looked_at == [0, SAMPLE_EVERY, 2 * SAMPLE_EVERY]


def test_ticks_and_records_without_a_key_belong_to_no_customer():
    check = KeyCheck(4)
    check.check("orders", 0, [record(None)])
    check.check("orders", 1, [record(keys_of(2, 1)[0], value=None)])
