from typing import Any

from benchmarks.latency import Latency, medians, percentiles, ratios_of

LINE: dict[str, Any] = dict.fromkeys(Latency.__struct_fields__, 1)


def test_percentiles_are_values_that_were_there() -> None:
    assert percentiles([float(one) for one in range(200, 0, -1)]) == (101, 181, 199, 200)
    assert percentiles([5.0]) == (5, 5, 5, 5)


def line(rate: int, p99: float) -> Latency:
    return Latency(**{**LINE, "rate": rate, "p99": p99})


def test_ratios_are_by_round_rate_and_percentile() -> None:
    rounds = [
        {"ours": [line(500, 10), line(1_000, 20)], "theirs": [line(500, 20), line(1_000, 20)]},
        {"theirs": [line(500, 10), line(1_000, 80)], "ours": [line(500, 10), line(1_000, 20)]},
    ]
    found = {
        (one["rate"], one["percentile"]): one["pairs"]
        for one in ratios_of(rounds, {"theirs": "ours"})
    }
    assert found[500, "p99"] == [0.5, 1.0]
    assert found[1_000, "p99"] == [1.0, 0.25]
    assert found[500, "p50"] == [1.0, 1.0]
    assert ratios_of(rounds, {"theirs": "nobody"}) == []


def test_medians_are_by_job_and_rate() -> None:
    rounds = [
        {"ours": [line(500, 10), line(1_000, 20)], "once": [line(500, 7), line(1_000, 8)]},
        {"ours": [line(500, 30), line(1_000, 60)]},
        {"ours": [line(500, 20), line(1_000, 30)]},
    ]
    found = [(one["job"], one["rate"], one["p99"]) for one in medians(rounds)]
    assert found == [("ours", 500, 20), ("ours", 1_000, 30), ("once", 500, 7), ("once", 1_000, 8)]
