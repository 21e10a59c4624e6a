"""Resources shared by tasks exist before any of them opens."""

import threading
import time

import pytest

from streams.contracts.registry import SchemaRegistry
from streams.errors import Refused
from streams.worker import opening
from streams.worker.opening import encoder_with
from tests.contracts.registry_server import RegistryServer
from tests.harness.eventually import eventually


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(opening, "REGISTRY_AGAIN_AFTER", 0.01)


def test_pitfall_58_a_registry_that_is_down_at_the_start_is_tried_again() -> None:
    with RegistryServer() as server:
        server.fails_with = 503
        registry = SchemaRegistry(server.url)

        def mend() -> None:
            eventually(lambda: len(server.requests) >= 3, within=10)
            server.fails_with = None

        mending = threading.Thread(target=mend)
        mending.start()
        encoder_with(registry, 20.0, lambda: False)
        mending.join()
        entered = {subject.removeprefix("sendflow.v1.") for subject, _ in server.subjects}
        assert entered == {
            "SendCommand",
            "WebhookCommand",
            "ReviewRequest",
            "Decisions",
            "DeadLetter",
            "LateRecord",
            "Interest",
            "SegmentChange",
            "ProductBackInStock",
            "ProductLowStock",
            "ProductPriceDropped",
            "ProductSoldOut",
        }


def test_a_registry_that_stays_away_is_refused_with_its_address_and_how_long_it_was_tried() -> None:
    began = time.monotonic()
    with pytest.raises(
        Refused, match=r"http://127.0.0.1:1 is unreachable.*gave up after 0.2 s.*schema_registry"
    ):
        encoder_with(SchemaRegistry("http://127.0.0.1:1"), 0.2, lambda: False)
    assert time.monotonic() - began >= 0.2


def test_a_worker_that_is_stopped_waits_for_no_registry() -> None:
    with pytest.raises(Refused, match="is unreachable"):
        encoder_with(SchemaRegistry("http://127.0.0.1:1"), 60.0, lambda: True)


def test_without_a_registry_there_is_no_lookup() -> None:
    encoder_with(None, 0.0, lambda: False)
