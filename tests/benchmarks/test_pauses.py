from benchmarks.pauses import value_of

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
