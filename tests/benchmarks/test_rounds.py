from collections.abc import Sequence
from pathlib import Path

from benchmarks.jobs import (
    KAFKA_STREAMS,
    PLAIN_FAUST,
    QUIX_STREAMS,
    SENDFLOW,
    SENDFLOW_SAME_JOB,
    Job,
    Run,
    sendflow_of,
)
from benchmarks.rounds import Rounds

COMPARED = [QUIX_STREAMS, SENDFLOW_SAME_JOB, KAFKA_STREAMS]


def rounds_of(compared: Sequence[Job]) -> Rounds:
    return Rounds(
        "broker:9092", Path("runs"), compared, [PLAIN_FAUST], 3, {}, lambda line: None, lambda: None
    )


def test_every_other_round_goes_the_other_way() -> None:
    rounds = rounds_of(COMPARED)
    assert rounds.turns(1) == COMPARED[::-1]
    assert rounds.turns(2) == COMPARED


def test_some_run_in_the_first_round_only() -> None:
    assert rounds_of(COMPARED).turns(0) == [*COMPARED, PLAIN_FAUST]


def test_opponents_do_the_same() -> None:
    older, older_all = (sendflow_of(Path("older"), job) for job in (SENDFLOW_SAME_JOB, SENDFLOW))
    assert rounds_of([*COMPARED, SENDFLOW, older, older_all]).opponents() == {
        "Quix Streams": "Sendflow",
        "Kafka Streams": "Sendflow",
        "Sendflow, of older": "Sendflow",
        "Sendflow, all flows, of older": "Sendflow, all flows",
        "plain Faust (at least once)": "Sendflow",
    }


def test_names_of_runs_begin_with_the_prefix() -> None:
    run = Run.of(QUIX_STREAMS, "broker:9092", "rate-", 1, Path("runs"))
    assert run.group == "rate-quixstreams-1"
    assert run.log == Path("runs/rate-quixstreams-1/log")
