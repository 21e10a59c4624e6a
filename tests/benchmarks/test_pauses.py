from pathlib import Path

from benchmarks import pauses
from benchmarks.jobs import SENDFLOW
from benchmarks.pauses import value_of
from streams.embedded.broker_process import BrokerProcess

METRICS = """\
# HELP sendflow_pause_seconds The longest.
# TYPE sendflow_pause_seconds gauge
sendflow_pause_seconds 0.25
sendflow_pause_seconds_sum 9.0
sendflow_by_process{process="0"} 0.5
sendflow_by_process{process="1"} 1.5
"""


def test_a_metric_has_its_value() -> None:
    assert value_of(METRICS, "sendflow_pause_seconds") == 0.25


def test_over_labels_it_is_the_largest() -> None:
    assert value_of(METRICS, "sendflow_by_process") == 1.5


def test_a_metric_that_is_not_there_has_none() -> None:
    assert value_of(METRICS, "sendflow_pause") is None


def test_a_worker_tells_its_longest_pause(broker: BrokerProcess, tmp_path: Path) -> None:
    """The gauges are there under the names that the benchmark asks for."""
    found = pauses.measure(broker.bootstrap, tmp_path, SENDFLOW.build(), 2_000, 500, limit=60)
    assert found["events"] == 2_000
    assert found["longest_pause_ms"] > 0
    assert found["recent_pause_ms"] > 0
    assert 0 < found["ended_after_seconds"] < 180
    assert found["peak_mib"] > 10
