"""kill -9 at the points of a commit that matter: nothing is lost, nothing comes twice, and the
state is that of a run in which nothing happened."""

import signal
import sys
import time
from pathlib import Path

import pytest

from streams.contracts.control import fact_record
from streams.contracts.wire import decode_any
from streams.demo.workers import environment
from streams.embedded.broker_process import BrokerProcess
from streams.importing.encoding import event_record
from streams.importing.writing import PastWriter
from streams.kafka.event_producer import EventProducer
from streams.operations.publish import publish_set, read_set
from streams.ports import CHANGELOG
from streams.runtime.commit import POSITION_KEY, Position, decode_position
from streams.runtime.day_facts import DayFact
from streams.settings import RecordTime
from streams.store.rocks import RocksStore, StoreMemory
from tests.harness.forked import ForkedProcess
from tests.harness.one_task import OneTask, wall_clock
from tests.harness.topics import create_all_topics, read, settings_for, values

MORNING = 1_772_442_000_000
"""2026-03-02 09:00 UTC."""
HOUR = 3_600_000
DAY = 24 * HOUR

FLOW = """\
flow: cart
status: live
trigger: {metric: cart.updated}
re_entry: always
max_event_age: 3650d
steps:
  - {id: pause, wait: 4h}
  - {id: mail, send: email, template: your-cart, smart_sending: false}
"""


class Past:
    """A morning in a shop of one partition, in simulated time: two runs of it are alike."""

    def __init__(self, broker: BrokerProcess, prefix: str, folder: Path) -> None:
        folder.mkdir()
        self.broker = broker
        self.folder = folder
        self.settings = settings_for(
            broker,
            prefix,
            partitions=1,
            record_time=RecordTime.CREATE,
            data_dir=folder / "data",
        )
        create_all_topics(self.settings)
        (folder / "cart.yaml").write_text(FLOW)
        (folder / "store.yaml").write_text("{timezone: UTC, currency: GBP}\n")
        publish_set(self.settings, read_set(folder), wall_clock())
        midnight = MORNING // DAY * DAY
        with EventProducer(self.settings) as producer:
            # What the agent of a worker would write, for which a task waits at each midnight.
            for day_end in (midnight, midnight + DAY):
                producer.produce(fact_record(DayFact(day_end, 1, {}), day_end))

    def write(self, start: int, customers: int = 20) -> None:
        """Customers, their carts, and the end of time six hours later: `start` in hours."""
        at = MORNING + start * HOUR
        with EventProducer(self.settings) as producer:
            writer = PastWriter(producer.produce, 1)
            for step, metric in enumerate(("customer.updated", "cart.updated")):
                for number in range(customers):
                    now = at + 1_000 * step + number
                    writer.write(
                        event_record(event(metric, f"c{number}", f"{start}-{number}", now))
                    )
            writer.end(at + 6 * HOUR)

    def killed_at(self, point: str) -> None:
        """A process that decides all that there is and dies at this point."""
        variables = environment(self.settings, self.settings.data_dir, 1)
        command = (sys.executable, "-m", "tests.harness.one_task", point)
        process = ForkedProcess(command, self.folder / f"{point}.log", variables)
        assert process.wait(within=40) == -signal.SIGKILL, process.log_tail()

    def store(self) -> dict[bytes, bytes]:
        """Content of the store on disk, without the changelog."""
        store = RocksStore(self.directory, StoreMemory(1 << 20))
        try:
            return dict(store.items())
        finally:
            store.close()

    @property
    def directory(self) -> Path:
        return self.settings.data_dir / f"{self.settings.application}-0"

    def committed(self, topic: str) -> list[bytes | None]:
        """The values that a reader of committed records sees."""
        return values(self.broker, self.settings.prefix + topic)

    def states(self) -> dict[bytes | None, bytes | None]:
        """The newest of every key of the changelog."""
        changes = read(self.broker, self.settings.prefix + CHANGELOG)
        return {key: value for _, key, value in changes}


def event(metric: str, customer: str, number: str, at: int) -> dict[str, object]:
    one = {"metric": metric, "customer_id": customer, "occurred_at": at}
    one["event_id"] = f"{metric}-{number}"
    if metric == "cart.updated":
        return {**one, "cart_id": number, "total": 5, "currency": "GBP", "items": []}
    return {**one, "set": {"email": f"{customer}@example.com", "consent": ["email"]}}


@pytest.fixture(scope="module")
def undisturbed(broker: BrokerProcess, tmp_path_factory: pytest.TempPathFactory) -> Past:
    """Both halves of the morning, decided without a crash."""
    folder = tmp_path_factory.mktemp("past") / "run"
    past = Past(broker, f"undisturbed-{time.time_ns()}.", folder)
    for start in (0, 8):
        past.write(start)
        OneTask(past.settings).finish()
    assert len(past.committed("send-commands")) == 40
    return past


@pytest.fixture
def past(broker: BrokerProcess, topic_prefix: str, tmp_path: Path) -> Past:
    """Its first half is decided and committed."""
    past = Past(broker, topic_prefix, tmp_path / "run")
    past.write(0)
    OneTask(past.settings).finish()
    return past


def assert_like(past: Past, undisturbed: Past) -> None:
    """The same commands in the same order, decisions and state, byte for byte."""
    for topic in ("send-commands", "flow-decisions", "dead-letters"):
        assert past.committed(topic) == undisturbed.committed(topic)
    assert past.states() == undisturbed.states()
    assert past.store() == undisturbed.store()
    sent = [decode_any(value or b"")[1]["send_id"] for value in past.committed("send-commands")]
    assert len(set(sent)) == len(sent) == 40


def position_of(states: dict[bytes, bytes]) -> Position:
    position = decode_position(states[POSITION_KEY])
    assert position is not None
    return position


def test_pitfall_01_killed_after_the_commit_and_before_the_store_is_written(
    past: Past, undisturbed: Past
) -> None:
    before = past.store()
    past.write(8)
    past.killed_at("after_commit")
    assert len(past.committed("send-commands")) == 40  # what was committed stands
    assert past.store() == before
    with OneTask(past.settings) as again:
        # The tail of the changelog was replayed onto the store; nothing is left to decide.
        assert dict(again.store.items()) == past_states(past)
        again.advance()
        assert again.commit() is None
    assert_like(past, undisturbed)


def past_states(past: Past) -> dict[bytes | None, bytes | None]:
    return {key: value for key, value in past.states().items() if value is not None}


def test_pitfall_02_killed_after_producing_and_before_the_commit(
    past: Past, undisturbed: Past
) -> None:
    before = past.store()
    position = position_of(before)
    past.write(8)
    past.killed_at("before_commit")
    uncommitted = read(
        past.broker, past.settings.prefix + "send-commands", isolation="read_uncommitted"
    )
    assert len(uncommitted) == 40  # they are on the brokers
    assert past.store() == before
    with OneTask(past.settings) as again:
        assert len(past.committed("send-commands")) == 20  # opening it has aborted them
        assert dict(again.store.items()) == before
        assert again.task.positions == {
            topic: offset for topic, offset in position.inputs.items() if topic != "control"
        }
        again.advance()
        again.commit()
    assert_like(past, undisturbed)


@pytest.mark.smoke
def test_pitfall_02_killed_before_the_first_commit_of_all(
    broker: BrokerProcess, topic_prefix: str, tmp_path: Path, undisturbed: Past
) -> None:
    past = Past(broker, topic_prefix, tmp_path / "run")
    past.write(0)
    past.killed_at("before_commit")
    assert past.store() == {}
    OneTask(past.settings).finish()
    past.write(8)
    OneTask(past.settings).finish()
    assert_like(past, undisturbed)


def test_pitfall_01_pitfall_02_killed_one_after_the_other(past: Past, undisturbed: Past) -> None:
    past.write(8)
    past.killed_at("before_commit")
    past.killed_at("after_commit")
    OneTask(past.settings).finish()
    assert_like(past, undisturbed)
