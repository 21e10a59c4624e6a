"""Files into topics and back to people: import, tail, status, topics, on a real broker."""

import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from streams.cli.main import run
from streams.contracts.wire import decode_any
from streams.embedded.broker_process import BrokerProcess
from streams.engine import BETWEEN_TASKS, INPUTS
from streams.kafka.partition import partition_of
from streams.kafka.topic_reader import TopicReader
from streams.settings import RecordTime, Settings

CSV = """invoice,customer,when,amount
1,ada,2011-03-01 10:00,12.50
2,bob,2011-03-01 09:00,100
3,,2011-03-01 09:00,100
4,eve,2011-03-02 09:00,12x
5,ada,2999-03-02 09:00,1
6,ada,2011-03-05 09:00,7
"""
JSONL = """{"customer_id": "bob", "occurred_at": "2011-03-01T09:30Z", "query": "lamp", "results": 3}
{"customer_id": "ada", "occurred_at": "2011-03-04T09:30Z", "query": "sofa", "results": 0}
"""
AS_ORDERS = (
    *("--as", "order.placed", "--map", "order.placed.order_id=invoice"),
    *("--map", "order.placed.customer_id=customer", "--map", "order.placed.occurred_at=when"),
    *("--map", "order.placed.total=amount:major", "--set", "order.placed.currency=GBP"),
)
PARTITIONS = 3
MARCH_1 = 1_298_937_600_000  # 2011-03-01 00:00 UTC
HOUR = 3_600_000
DAY = 24 * HOUR

Command = Callable[..., tuple[int, str, str]]


@pytest.fixture
def orders(tmp_path: Path) -> Path:
    file = tmp_path / "orders.csv"
    file.write_text(CSV)
    return file


@pytest.fixture
def searches(tmp_path: Path) -> Path:
    file = tmp_path / "searches.jsonl"
    file.write_text(JSONL)
    return file


@pytest.fixture
def sendflow(
    broker: BrokerProcess,
    topic_prefix: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
) -> Command:
    """Runs a command: status, output, errors."""
    for name in [name for name in os.environ if name.startswith("SENDFLOW_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("SENDFLOW_BROKERS", broker.bootstrap)
    monkeypatch.setenv("SENDFLOW_PREFIX", topic_prefix)
    monkeypatch.setenv("SENDFLOW_APPLICATION", topic_prefix.rstrip("."))
    monkeypatch.setenv("SENDFLOW_PARTITIONS", str(PARTITIONS))
    monkeypatch.setenv("SENDFLOW_WEB_PORT", "1")  # no worker answers there
    monkeypatch.chdir(tmp_path)

    def sendflow(*arguments: object) -> tuple[int, str, str]:
        capsys.readouterr()
        status = run([str(argument) for argument in arguments])
        return (status, *capsys.readouterr())

    return sendflow


@pytest.fixture
def simulated(sendflow: Command, monkeypatch: pytest.MonkeyPatch) -> Command:
    """The same in simulated time, its topics made."""
    monkeypatch.setenv("SENDFLOW_RECORD_TIME", "create")
    assert sendflow("topics", "create")[0] == 0
    return sendflow


@pytest.fixture
def reader(broker: BrokerProcess, topic_prefix: str):
    settings = Settings(
        brokers=broker.bootstrap, prefix=topic_prefix, record_time=RecordTime.CREATE
    )
    with TopicReader(settings) as reader:
        yield reader


def records(reader: TopicReader, topic: str) -> list:
    return list(reader.read(reader.starts(reader.partition_ids(topic))))


def test_topics_are_made_once_and_checked(sendflow: Command) -> None:
    status, out, _ = sendflow("topics", "check")
    assert status == 1
    assert "create it: sendflow topics create" in out
    status, out, errors = sendflow("topics", "create")
    assert (status, errors) == (0, "")
    assert out.count("created ") >= len(INPUTS) + 5
    assert sendflow("topics", "create")[:2] == (0, "all topics exist\n")
    assert sendflow("topics", "check")[:2] == (0, "all topics are valid\n")


def test_another_number_of_partitions_must_be_known_to_the_workers(
    sendflow: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    status, _, errors = sendflow("topics", "create", "--partitions", "5")
    assert (status, errors) == (
        0,
        "workers and other commands still use partitions = 3: set partitions = 5 in "
        "sendflow.toml or SENDFLOW_PARTITIONS=5\n",
    )
    assert sendflow("topics", "check")[0] == 1
    monkeypatch.setenv("SENDFLOW_PARTITIONS", "5")
    assert sendflow("topics", "create", "--partitions", "5")[::2] == (0, "")
    assert sendflow("topics", "check")[0] == 0


def test_topics_that_do_not_fit_the_settings_are_reported_with_their_fix(
    sendflow: Command,
) -> None:
    sendflow("topics", "create")
    status, out, _ = sendflow("topics", "check", "--simulated", "--partitions", "5", "--json")
    assert status == 1
    problems = {
        (problem["topic"].rpartition(".")[2], problem["what"]) for problem in json.loads(out)
    }
    assert ("orders", "message.timestamp.type") in problems
    assert ("orders", "partitions") in problems


@pytest.mark.smoke
def test_a_past_is_one_stream_in_order_of_time_with_ticks_everywhere(
    simulated: Command, reader: TopicReader, orders: Path, searches: Path
) -> None:
    status, out, errors = simulated(
        "import", orders, searches, *AS_ORDERS, "--as", "search.performed"
    )
    assert status == 3  # some rows were rejected
    assert "5 events of 8 rows" in out
    assert "3 rows rejected" in out
    assert "orders.csv, row 4: field 'customer_id' is missing" in errors
    assert "orders.csv, row 5: field 'total' is '12x'" in errors
    assert "orders.csv, row 6: field 'occurred_at' is 32477" in errors
    events = []
    for topic in (topic for topic in INPUTS if topic not in BETWEEN_TASKS):
        last = dict.fromkeys(range(PARTITIONS), 0)
        for found in records(reader, topic):
            assert found.record.time >= last[found.partition]
            last[found.partition] = found.record.time
            if found.record.value is not None:
                assert found.partition == partition_of(found.record.key, PARTITIONS)
                events.append((found.record.time, topic, found.record.key))
        # 30 days after the last event, simulated time ends everywhere
        assert set(last.values()) == {MARCH_1 + 4 * DAY + 9 * HOUR + 30 * DAY}
    assert sorted(events) == [
        (MARCH_1 + 9 * HOUR, "orders", b"bob"),
        (MARCH_1 + 9 * HOUR + HOUR // 2, "searches", b"bob"),
        (MARCH_1 + 10 * HOUR, "orders", b"ada"),
        (MARCH_1 + 3 * DAY + 9 * HOUR + HOUR // 2, "searches", b"ada"),
        (MARCH_1 + 4 * DAY + 9 * HOUR, "orders", b"ada"),
    ]


def test_what_is_older_than_simulated_time_is_refused_and_nothing_is_written(
    simulated: Command, reader: TopicReader, orders: Path, searches: Path
) -> None:
    assert simulated("import", orders, *AS_ORDERS)[0] == 3
    before = len(records(reader, "searches"))
    status, _, errors = simulated("import", searches, "--as", "search.performed")
    assert status == 2
    assert "simulated time in these topics is at 2011-04-04T09:00:00" in errors
    assert len(records(reader, "searches")) == before


def test_a_past_can_be_imported_in_parts_that_follow_each_other(
    simulated: Command, reader: TopicReader, orders: Path, searches: Path
) -> None:
    until = "2011-03-05T09:00:00.001"
    assert simulated("import", orders, *AS_ORDERS, "--until", until)[0] == 3
    later = searches.with_name("later.jsonl")
    later.write_text(JSONL.replace("2011-03-01", "2011-03-06").replace("2011-03-04", "2011-03-05"))
    assert simulated("import", later, "--as", "search.performed")[0] == 0
    assert sum(found.record.value is not None for found in records(reader, "searches")) == 2


@pytest.mark.parametrize("until", ["2011-03-05T09:00", "2999-01-01"])
def test_an_end_that_is_too_early_or_in_the_future_is_refused(
    simulated: Command, orders: Path, until: str
) -> None:
    status, _, errors = simulated("import", orders, *AS_ORDERS, "--until", until)
    assert status == 2
    assert "expected a time after the last event" in errors


def test_live_events_get_the_brokers_time(
    sendflow: Command, reader: TopicReader, orders: Path
) -> None:
    sendflow("topics", "create")
    status, out, _ = sendflow("import", orders, *AS_ORDERS)
    assert status == 3
    assert "3 events of 6 rows" in out  # one is dated in 2999 (SEMANTICS 8.3)
    found = records(reader, "orders")
    assert len(found) == 3
    assert all(one.record.time > MARCH_1 + 10 * 365 * DAY for one in found)
    assert all(one.record.headers == [("sendflow-history", b"")] for one in found)


def test_d33_with_live_imported_events_are_no_history(
    sendflow: Command, reader: TopicReader, orders: Path
) -> None:
    sendflow("topics", "create")
    assert sendflow("import", orders, *AS_ORDERS, "--live")[0] == 3
    assert all(one.record.headers is None for one in records(reader, "orders"))


def test_refused_rows_are_imported_after_mending(
    sendflow: Command, reader: TopicReader, orders: Path, tmp_path: Path
) -> None:
    sendflow("topics", "create")
    file = tmp_path / "refused.jsonl"
    assert sendflow("import", orders, *AS_ORDERS, "--refused", file)[0] == 3
    rows = [json.loads(line) for line in file.read_text().splitlines()]
    assert [(row["_refused"]["row"], row["_refused"]["field"]) for row in rows] == [
        (4, "customer_id"),
        (5, "total"),
        (6, "occurred_at"),
    ]
    file.write_text(file.read_text().replace('"customer":""', '"customer":"zoe"'))
    again = tmp_path / "again.jsonl"
    status, out, _ = sendflow("import", file, *AS_ORDERS, "--refused", again)
    assert (status, out.splitlines()[0]) == (3, "1 events of 3 rows")
    again.write_text(again.read_text().replace("12x", "12").replace("2999", "2012"))
    assert sendflow("import", again, *AS_ORDERS)[0] == 0
    keys = [found.record.key for found in records(reader, "orders")]
    assert sorted(filter(None, keys)) == [b"ada", b"ada", b"ada", b"bob", b"eve", b"zoe"]


def test_every_refusal_is_a_place_and_a_sentence(sendflow: Command, tmp_path: Path) -> None:
    """Whoever refuses: the reader of files, the mapping, or the encoder of events."""
    sendflow("topics", "create")
    file = tmp_path / "orders.csv"
    file.write_text(
        "invoice,customer,when,amount,money\n"
        "1,ada,2011-03-01,12.345,GBP\n"
        "2,ada,2011-03-01,12.34,gbp\n"
        "3,ada,2011-03-01,1\n"
        "4,ada,2011-03-01,1,GBP\n"
    )
    mapped = [*AS_ORDERS[:-2], "--map", "currency=money"]
    status, out, errors = sendflow("import", file, *mapped)
    assert status == 3
    assert [line for line in errors.splitlines() if ", row " in line] == [
        "warning: orders.csv, row 2: field 'total' is '12.345', rounded to 12.34: GBP has 2 "
        "decimals",
        "orders.csv, row 3: field 'currency' is 'gbp', expected an ISO 4217 code such as GBP",
        "orders.csv, row 4: 4 values, expected 5 as in the header; read with the delimiter ','",
    ]
    assert "2 events of 4 rows" in out
    assert "  1  currency" in out.splitlines()


def test_an_unknown_time_zone_is_imported_with_a_warning(
    sendflow: Command, reader: TopicReader, tmp_path: Path
) -> None:
    """W35: the store's counts; what else the row says is worth having."""
    sendflow("topics", "create")
    file = tmp_path / "people.csv"
    file.write_text(
        "customer_id,occurred_at,zone\n"
        "ada,2011-03-01,Europe/London\n"
        "bob,2011-03-01,Europe/Londn\n"
        "eve,2011-03-01,\n"
    )
    status, out, errors = sendflow(
        "import", file, "--as", "customer.updated", "--map", "set.timezone=zone"
    )
    assert status == 0
    (warning,) = [line for line in errors.splitlines() if line.startswith("warning: ")]
    assert warning == (
        "warning: people.csv, row 3: field 'set.timezone' is 'Europe/Londn', expected a time zone "
        "such as Europe/London (did you mean 'Europe/London'?); imported; the flow's or the "
        "store's zone is used"
    )
    assert "3 events of 3 rows" in out
    assert "1 warning:" in out
    assert len(records(reader, "customers")) == 3


def test_metrics_of_the_shops_own_are_imported_by_their_definition(
    simulated: Command, reader: TopicReader, tmp_path: Path
) -> None:
    file = tmp_path / "surveys.jsonl"
    file.write_text('{"customer_id": "ada", "occurred_at": "2011-03-04T09:30Z", "score": 9}\n')
    status, _, errors = simulated("import", file, "--as", "survey.answered")
    assert status == 2
    assert "unknown metric 'survey.answered'" in errors
    flows = tmp_path / "flows"
    (flows / "metrics").mkdir(parents=True)
    definition = "metric: survey.answered\nfields: {score: number}\n"
    (flows / "metrics" / "survey.answered.yaml").write_text(definition)
    as_surveys = ("--as", "survey.answered", "--until", "2011-03-05")
    assert simulated("import", file, *as_surveys, "--flows", flows)[0] == 0
    assert simulated("flows", "publish", flows, "--yes")[0] == 0
    file.write_text(file.read_text().replace("03-04", "03-06"))
    assert simulated("import", file, "--as", "survey.answered")[0] == 0
    values = [found.record.value for found in records(reader, "events")]
    assert [decode_any(value)[1]["fields"] for value in values if value] == [{"score": 9}] * 2


def test_an_import_that_yields_nothing_says_so_with_status_1(
    simulated: Command, tmp_path: Path
) -> None:
    file = tmp_path / "orders.csv"
    file.write_text("invoice,customer,when,amount\n1,,2011-03-01,1\n")
    status, out, _ = simulated("import", file, *AS_ORDERS)
    assert status == 1
    assert "0 events of 1 rows" in out


@pytest.mark.smoke
def test_tail_shows_the_newest_or_what_is_asked_for(simulated: Command, orders: Path) -> None:
    simulated("import", orders, *AS_ORDERS)
    status, out, _ = simulated("tail", "orders", "--json", "--from", "start")
    assert status == 0
    lines = [json.loads(line) for line in out.splitlines()]
    assert {line["key"] for line in lines if line["schema"]} == {"ada", "bob"}
    totals = {line["value"]["total"] for line in lines if line["schema"] == "OrderPlaced"}
    assert totals == {1250, 10_000, 700}
    _, out, _ = simulated("tail", "orders", "--from", "2011-03-05")
    assert "OrderPlaced" in out
    assert '"total":700' in out
    assert '"total":1250' not in out
    _, out, _ = simulated("tail", "orders", "--limit", "1")
    assert out.count("\n") == 1
    assert "tick" in out
    status, _, errors = simulated("tail", "ordres")
    assert status == 2
    assert " not found at " in errors


@pytest.mark.smoke
def test_status_tells_the_lag_of_every_input(simulated: Command, orders: Path) -> None:
    simulated("import", orders, *AS_ORDERS)
    status, out, _ = simulated("status", "--json")
    assert status == 0
    answer = json.loads(out)
    assert answer["worker"] is None
    lags = {lag["topic"]: lag for lag in answer["inputs"]}
    assert set(lags) == set(INPUTS)
    assert lags["orders"]["lag"] == lags["orders"]["records"] > 3


@pytest.mark.parametrize("form", [[], ["--json"]])
def test_explain_of_nobody_or_of_no_flow_says_only_that_with_status_1(
    simulated: Command, orders: Path, form: list[str]
) -> None:
    said = simulated("explain", "nobody", *form)
    assert said == (1, "", "no records of customer 'nobody'\n")
    simulated("import", orders, *AS_ORDERS)
    said = simulated("explain", "ada", "--flow", "cart", *form)
    assert said == (1, "", "unknown flow 'cart'; none are defined\n")
    said = simulated("explain", "ada", "--since", "2020-01-01", *form)
    assert said == (1, "", "no records of customer 'ada' since 2020-01-01\n")
    assert simulated("explain", "ada", *form)[0] == 0


def test_definitions_are_published_whole_or_not_at_all(
    simulated: Command, reader: TopicReader, tmp_path: Path
) -> None:
    flows = tmp_path / "flows"
    flows.mkdir()
    good = "flow: a\ntrigger: {metric: order.placed}\nsteps: [{send: email, template: t}]\n"
    (flows / "a.yaml").write_text(good)
    (flows / "b.yaml").write_text("flow: b\ntriger: {metric: order.placed}\nsteps: []\n")
    status, _, errors = simulated("flows", "publish", flows, "--yes")
    assert status == 2
    assert "b.yaml:2:1" in errors
    assert "nothing published" in errors
    assert records(reader, "control") == []

    (flows / "b.yaml").unlink()
    status, out, _ = simulated("flows", "publish", flows, "--yes")
    assert (status, out.splitlines()[-1]) == (0, "published")
    [found] = records(reader, "control")
    assert found.record.time == 1  # before the first record of any past
    assert "already in force" in simulated("flows", "publish", flows, "--yes")[1]

    (flows / "a.yaml").write_text(good.replace("template: t", "template: u"))
    assert simulated("flows", "publish", flows, "--yes", "--at", "2011-03-02")[0] == 0
    assert records(reader, "control")[1].record.time == MARCH_1 + DAY
    (flows / "a.yaml").write_text(good.replace("template: t", "template: v"))
    status, _, errors = simulated("flows", "publish", flows, "--yes", "--at", "2999-01-01")
    assert status == 2
    assert "--at is in the future" in errors
