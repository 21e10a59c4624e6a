"""The states of a producer; what it says to brokers is in tests/broker/test_producer.py."""

import pytest

from streams.kafka.client_config import producer_options
from streams.kafka.producer import SUCCESSORS, ProducerState, Route, TransactionalProducer
from streams.ports import OutputRecord
from streams.settings import Settings

NOBODY = Settings(brokers="127.0.0.1:1")


def new_producer() -> TransactionalProducer:
    options = {**producer_options(NOBODY, "task-0"), "log_level": 0}
    return TransactionalProducer(options, {"customers-changelog": Route("changelog", 0)})


def test_from_unknown_there_is_one_way_only():
    assert set(SUCCESSORS) == set(ProducerState)
    assert SUCCESSORS[ProducerState.UNKNOWN] == {ProducerState.CLOSED}
    assert SUCCESSORS[ProducerState.CLOSED] == frozenset()


def test_arrows_that_are_not_in_the_table_are_refused():
    for state in ProducerState:
        for to in set(ProducerState) - SUCCESSORS[state]:
            producer = new_producer()
            producer.state = state
            with pytest.raises(RuntimeError, match=f"transition {state.value} -> {to.value}"):
                producer._move(to)


@pytest.mark.parametrize("state", [one for one in ProducerState if one is not ProducerState.READY])
def test_only_a_ready_producer_begins_a_transaction(state):
    producer = new_producer()
    producer.state = state
    with pytest.raises(RuntimeError, match=f"is {state.value}, expected ready"):
        producer.commit([OutputRecord("customers-changelog", b"a", b"b")], 1.0)


@pytest.mark.parametrize("state", [one for one in ProducerState if one is not ProducerState.NEW])
def test_only_a_new_producer_is_opened(state):
    producer = new_producer()
    producer.state = state
    with pytest.raises(RuntimeError, match=f"is {state.value}, expected new"):
        producer.open(1.0)


@pytest.mark.parametrize("state", ProducerState)
def test_a_producer_is_closed_from_every_state(state):
    producer = new_producer()
    producer.state = state
    producer.close()
    assert producer.state is ProducerState.CLOSED
