"""What `sendflow coupons status` says; tests/broker/test_coupons.py runs it on a broker."""

import pytest

from streams.cli.coupons import _runs_dry
from streams.operations.coupon_counts import CodeCounts

DAY = 86_400_000


@pytest.mark.parametrize(
    ("days", "expected"),
    [
        (0.2, "1970-01-01 (within a day)"),
        (1.0, "1970-01-02 (1 day)"),
        (1.9, "1970-01-02 (2 days)"),
        (1200.0, "1973-04-15 (1,200 days)"),
    ],
)
def test_when_a_pool_runs_dry(days: float, expected: str) -> None:
    one = CodeCounts(
        pool="ten",
        partition=None,
        loaded=9,
        moved_in=0,
        moved_out=0,
        in_transit=0,
        given=8,
        redeemed=0,
        expired=0,
        left=1,
        duplicates=0,
        since=0,
        per_day=1.0,
        runs_dry_at=int(days * DAY),
    )
    assert _runs_dry(one, 0) == expected
