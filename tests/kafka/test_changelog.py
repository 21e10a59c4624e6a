import pytest

from streams.errors import StoreUnusable
from streams.kafka.changelog import refuse_aged

DAY = 24 * 60 * 60 * 1000


@pytest.mark.parametrize("age", [0, DAY - 1, DAY])
def test_pitfall_42_a_store_that_saw_the_end_in_time_is_used(age):
    refuse_aged("0", 5_000, 5_000 + age, DAY)


def test_pitfall_42_a_store_older_than_the_tombstones_is_rebuilt():
    with pytest.raises(StoreUnusable, match=r"86,400 s ago.*86,400 s \(delete.retention.ms\)"):
        refuse_aged("0", 5_000, 5_000 + DAY + 1, DAY)


def test_a_new_store_has_no_age():
    refuse_aged("0", None, 10**13, DAY)
