import pytest

from benchmarks.progress import WARM_UP, Progress, Sample


def samples(*rows: tuple[float, int, float]) -> list[Sample]:
    return [Sample(*row) for row in rows]


STEADY = samples((100, 1_000, 2), (110, 11_000, 4), (116, 21_000, 5), (126, 41_000, 6), (130, 0, 0))
"""Seconds, events, CPU seconds."""


def test_start_up_does_not_count() -> None:
    rate = Progress(STEADY[:2], is_whole=False, peak_mib=0).whole
    assert (rate.events, rate.seconds, rate.cpu_seconds) == (10_000, 10, 2)
    assert rate.per_second == 1_000
    assert rate.cpu_us == pytest.approx(200)


def test_what_comes_after_the_last_offsets_before_the_end_does_not_count() -> None:
    until_the_end = Progress(STEADY[:4], is_whole=True, peak_mib=0).whole
    cut_off = Progress(STEADY[:4], is_whole=False, peak_mib=0).whole
    assert (until_the_end.events, cut_off.events) == (20_000, 40_000)


def test_warm_is_without_the_first_seconds() -> None:
    later = [*STEADY[:3], *samples((126, 41_000, 6), (136, 61_000, 8))]
    assert later[2].at - later[0].at >= WARM_UP
    warm = Progress(later, is_whole=False, peak_mib=0).warm
    assert warm is not None
    assert (warm.events, warm.seconds, warm.cpu_seconds) == (40_000, 20, 3)


def test_a_short_run_was_never_warm() -> None:
    assert Progress(STEADY[:2], is_whole=False, peak_mib=0).warm is None


def test_a_run_seen_at_one_moment_has_no_rate() -> None:
    with pytest.raises(RuntimeError, match="too few events"):
        _ = Progress(STEADY[:1], is_whole=True, peak_mib=0).whole
