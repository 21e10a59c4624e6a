import pytest

from benchmarks.progress import WARM_UP, Progress, Sample
from benchmarks.throughput import medians, ratios_of


def run_of(cpu_us: float, per_second: float, peak_mib: float = 100.0) -> Progress:
    """A run that takes so much in each of its seconds."""
    seconds = (0.0, WARM_UP, 2 * WARM_UP, 3 * WARM_UP)
    rows = [(at, int(per_second * at), per_second * at * cpu_us / 1e6) for at in seconds]
    return Progress([Sample(*row) for row in rows], is_whole=False, peak_mib=peak_mib)


def test_ratios_are_of_runs_in_the_same_round() -> None:
    rounds = [
        {"ours": run_of(30, 2_000), "theirs": run_of(60, 1_000)},
        {"ours": run_of(90, 1_000), "theirs": run_of(90, 500), "once": run_of(45, 1_000)},
    ]
    found = ratios_of(rounds, {"theirs": "ours", "once": "ours"})
    assert found["theirs"]["cpu_us"]["pairs"] == pytest.approx([0.5, 1.0])
    assert found["theirs"]["cpu_us_warm"]["median"] == pytest.approx(0.75)
    assert found["theirs"]["events_per_second"]["pairs"] == pytest.approx([2, 2])
    assert found["once"]["cpu_us"]["pairs"] == pytest.approx([2.0])


def test_without_an_opponent_there_are_no_ratios() -> None:
    assert ratios_of([{"theirs": run_of(60, 1_000)}], {"theirs": "ours"}) == {"theirs": {}}


def test_medians_are_over_rounds_and_memory_is_the_most() -> None:
    rounds = [{"ours": run_of(cpu, 1_000, mib)} for cpu, mib in ((30, 90), (50, 120), (40, 100))]
    found = medians(rounds)["ours"]
    assert found["cpu_us"] == pytest.approx(40)
    assert found["cpu_us_warm"] == pytest.approx(40)
    assert found["peak_mib"] == 120
