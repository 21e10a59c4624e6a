"""`sendflow model`: a model is fitted to the states of the shop's customers, published, shown, and
fitted anew."""

import json
import time
from datetime import date
from pathlib import Path

import msgspec
import pytest

from streams.cli.main import run
from streams.embedded.broker_process import BrokerProcess
from streams.engine import encode_state
from streams.engine.customer import new_state
from streams.engine.customer.orders import apply_order_placed
from streams.engine.customer.past import remember_first
from streams.engine.forecast import Part, PurchaseModel
from streams.kafka.admin import KafkaAdmin
from streams.kafka.event_producer import EventProducer
from streams.operations.purchase_models import newest_model, publish_model
from streams.operations.refitting import refit_if_due
from streams.ports import CHANGELOG, OutputRecord
from streams.settings import RecordTime, Settings

DAY = 86_400_000
FIRST = (date(2026, 1, 1) - date(1970, 1, 1)).days


@pytest.fixture
def settings(broker: BrokerProcess, topic_prefix: str) -> Settings:
    found = Settings(
        brokers=broker.bootstrap, prefix=topic_prefix, partitions=2, record_time=RecordTime.CREATE
    )
    admin = KafkaAdmin(found)
    admin.create_topics()
    admin.close()
    return found


def write_states(settings: Settings) -> None:
    """60 customers with up to 5 orders, 10 to 30 days apart."""
    with EventProducer(settings) as producer:
        for number in range(60):
            customer = f"c{number}"
            state = new_state(customer)
            for order in range(number % 6 or 1):
                at = (FIRST + number % 7 + order * (10 + number % 20)) * DAY
                state.sequence = order
                data = {"order_id": f"{number}-{order}", "total": 1000 + number}
                apply_order_placed(state, data, at, at)
                past = state.recent.get("order.placed")
                if past is None:
                    state.recent["order.placed"] = remember_first(at, order + 1, None)
                else:
                    past.add(at, order + 1, None)
            value = encode_state(state)
            producer.produce(
                OutputRecord(CHANGELOG, customer.encode(), value, partition=number % 2)
            )


def test_fitted_to_states_published_shown_and_fitted_anew(
    settings: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    where = ["--brokers", settings.brokers, "--prefix", settings.prefix]
    assert run(["model", "show", *where]) == 1
    assert run(["model", "refit", *where]) == 1
    assert "no purchase model" in capsys.readouterr().err
    write_states(settings)
    fit = ["model", "fit", *where, "--simulated", "--json"]
    assert run([*fit, "--choose", "best", "--publish", "--at", "2026-06-01"]) == 0
    fitted = json.loads(capsys.readouterr().out)
    assert fitted["orders"]["customers"] == 60
    assert run(["model", "show", *where, "--json"]) == 0
    shown = json.loads(capsys.readouterr().out)
    assert shown.pop("at") == 1_780_272_000_000
    assert shown == fitted["model"]
    assert run(["model", "show", *where]) == 0
    assert "in force since 2026-06-01 00:00 UTC" in capsys.readouterr().out
    status = run(["model", "refit", *where, "--simulated", "--at", "2026-06-08"])
    told = capsys.readouterr()
    assert status == 0, told.err
    assert run(["model", "show", *where]) == 0
    assert "in force since 2026-06-08 00:00 UTC" in capsys.readouterr().out


def test_a_worker_fits_anew_when_it_is_due(
    settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    """As its process does: in wall time, with a model that is older than the setting says."""
    write_states(settings)
    live = msgspec.structs.replace(settings, record_time=RecordTime.APPEND)
    now = time.time_ns() // 1_000_000
    assert not refit_if_due(msgspec.structs.replace(live, refit=1), now)  # there is no model
    parts = (Part("window_before"),)
    publish_model(live, PurchaseModel("first", parts), now)
    due = msgspec.structs.replace(live, refit=60_000)
    assert not refit_if_due(due, now)
    caplog.set_level("INFO")
    assert refit_if_due(due, now + 3_600_000)
    assert "purchase model" in caplog.text
    published = newest_model(live)
    assert published is not None
    assert published.model.id.startswith("window_before 2026")


def test_a_moment_without_simulated_time_is_refused(
    settings: Settings, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    where = ["--brokers", settings.brokers, "--prefix", settings.prefix]
    write_states(settings)
    assert run(["model", "fit", *where, "--publish", "--at", "2026-06-01"]) == 2
    assert "--at needs simulated time" in capsys.readouterr().err
    assert run(["model", "show", *where]) == 1
