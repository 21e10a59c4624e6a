"""Every figure of a result reaches the tables."""

from io import StringIO
from typing import Any

from rich.console import Console

from benchmarks.tables import show

SPREAD = {"least": 0.41, "q1": 0.42, "median": 0.43, "q3": 0.44, "most": 0.45}
RATIO = {"pairs": [0.41, 0.45], **SPREAD}


def shown(result: dict[str, Any]) -> str:
    text = StringIO()
    show(Console(file=text, width=160), result)
    return text.getvalue()


def test_catch_up_shows_cpu_first_and_ratios_of_each_round() -> None:
    medians = {"cpu_us": 51.2, "events_per_second": 9_876.0, "peak_mib": 321.0}
    text = shown(
        {
            "throughput": {
                "events": 1_000_000,
                "medians": {"Quix Streams": {"cpu_us_warm": None, **medians}},
                "ratios": {"Quix Streams": {"cpu_us": RATIO}},
            }
        }
    )
    for figure in ("–", "51.2", "9,876", "321", "0.43", "0.41 0.45", "CPU, whole"):
        assert figure in text
    assert text.index("51.2") < text.index("9,876")


def test_latency_says_how_many_commands_came_and_how_idle_it_was() -> None:
    line = {"rate": 2_000, "p50": 61, "p90": 72, "p99": 83, "most": 94, "idle": 0.37}
    more = {"orders": 4_000, "commands": 3_999, "cpu_us": 123.4, "load_late_ms_p99": 1.7}
    ratio = {"job": "Kafka Streams", "rate": 2_000, "percentile": "p99", **RATIO}
    medians = [{"job": "Sendflow", **line, **more}]
    text = shown({"latency": {"medians": medians, "ratios": [ratio]}})
    for figure in ("2,000", "61", "72", "83", "94", "3,999 of 4,000", "37%", "123", "1.7", "0.45"):
        assert figure in text


def test_a_pause_without_a_gauge_is_no_pause_of_nothing() -> None:
    found = {"customers": 200_000, "longest_pause_ms": None, "peak_mib": 99.0}
    text = shown({"pauses": {**found, "ended_after_seconds": None, "recent_pause_ms": 12.0}})
    assert "held up for – ms at most" in text
    assert "12 ms in the last minutes" in text


def test_loudness_has_minimum_median_and_maximum() -> None:
    assert "0.4 ms at least, 0.4 in the median, 0.5 at most" in shown(
        {"loudness": SPREAD | {"most": 0.52}}
    )
