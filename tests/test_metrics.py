from prometheus_client import generate_latest

from streams.metrics import COUNTERS, LoopMeasures, TaskMeasures, registry_of


def test_every_measure_of_every_task_is_shown():
    tasks = [
        TaskMeasures(
            partition=number,
            behind=1_500,
            buffered={"orders": 3},
            lag={"orders": 7},
            counts={"events": 10 + number},
            commits=4,
            commit_seconds=0.5,
            failures=1,
            coupons_left={"gift-card": 20 + number},
            coupons_low={"gift-card": True},
        )
        for number in range(2)
    ]
    loop = LoopMeasures(0.02, 1_500, 0.01)
    text = generate_latest(registry_of(lambda: tasks, lambda: loop)).decode()
    assert 'sendflow_events_total{task="1"} 11.0' in text
    assert 'sendflow_commits_total{task="0"} 4.0' in text
    assert 'sendflow_commit_seconds_total{task="0"} 0.5' in text
    assert 'sendflow_clock_behind_seconds{task="0"} 1.5' in text
    assert 'sendflow_lag_records{task="0",topic="orders"} 7.0' in text
    assert 'sendflow_buffered_records{task="0",topic="orders"} 3.0' in text
    assert 'sendflow_task_failures{task="0"} 1.0' in text
    assert 'sendflow_coupons_left{pool="gift-card",task="1"} 21.0' in text
    assert 'sendflow_coupons_low{pool="gift-card",task="0"} 1.0' in text
    assert "sendflow_loop_longest_pause_seconds 0.02" in text
    assert "sendflow_loop_longest_pause_timestamp_seconds 1.5" in text
    assert "sendflow_loop_recent_pause_seconds 0.01" in text
    assert "process_resident_memory_bytes" in text
    for name, _ in COUNTERS.values():
        assert f'{name}_total{{task="0"}}' in text
