"""Messages that wait for a person, from the worker to the command line and back."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from streams.cli.main import run
from streams.embedded.broker_process import BrokerProcess
from tests.harness.eventually import eventually
from tests.harness.worker_shop import Shop

CUSTOMERS = 4
MANUAL = """\
flow: thanks
trigger: {metric: order.placed}
steps: [{send: email, template: thanks, status: manual, smart_sending: false}]
"""


@pytest.fixture
def shop(broker: BrokerProcess, topic_prefix: str, tmp_path: Path) -> Iterator[Shop]:
    with Shop(broker, topic_prefix, tmp_path / "shop") as shop:
        shop.create_topics()
        (shop.flows / "thanks.yaml").write_text(MANUAL)
        yield shop


@pytest.mark.smoke
def test_what_waits_is_shown_sent_and_dropped(
    shop: Shop, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(shop.folder)
    given = ("--brokers", shop.broker.bootstrap, "--prefix", shop.settings.prefix)

    def review(*arguments: str) -> tuple[int, str, str]:
        capsys.readouterr()
        status = run(["review", *arguments, *given])
        return (status, *capsys.readouterr())

    def waiting() -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = json.loads(review("list", "--json")[1])
        return found

    assert review("list")[0] == 1
    shop.publish()
    shop.register(CUSTOMERS)
    worker = shop.start("one")
    worker.wait_for(4)
    shop.order(CUSTOMERS)
    eventually(lambda: len(waiting()) == CUSTOMERS, within=30, message=worker.log_tail)
    ids = {one["customer_id"]: one["send_id"] for one in waiting()}
    assert ids["c1"] in review("list", "--template", "thanks")[1]
    assert review("list", "--flow", "other")[0] == 1
    assert shop.commands() == []

    assert review("send", ids["c0"], "--by", "eve")[:2] == (0, f"{ids['c0']}: approved\n")
    assert review("drop", ids["c1"])[:2] == (0, f"{ids['c1']}: dropped\n")
    status, _, errors = review("send", ids["c1"])
    assert status == 1
    assert "no such message awaits review" in errors
    assert review("send")[0] == 2
    assert {one["customer_id"] for one in waiting()} == {"c2", "c3"}
    assert review("send", "--template", "thanks", "--yes")[0] == 0

    def sent_to() -> int:
        return len(shop.commands())

    is_sent: Callable[[], bool] = lambda: sent_to() == CUSTOMERS - 1  # noqa: E731
    eventually(is_sent, within=30, message=worker.log_tail)
    assert review("list")[0] == 1
    explained = run(["explain", "c0", *given])
    assert explained == 0
    text = capsys.readouterr().out
    assert "approved by eve" in text
    assert "review send by eve" in text
    assert run(["explain", "--email", " C0@Example.com", *given]) == 0
    assert capsys.readouterr().out == text
    assert run(["explain", "--email", "nobody@example.com", *given]) == 1
    assert run(["explain", *given]) == 2
    run(["explain", "c1", *given])
    assert "dropped by a person" in capsys.readouterr().out
    assert worker.stop() == 0
