"""Schemas by their ids: fetched once, kept while the registry is away, asked for afterwards."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from streams.contracts.codecs import dict_writer
from streams.contracts.decode import EventDecoder
from streams.contracts.encode import EffectEncoder
from streams.contracts.registry import RegistryUnreachable, SchemaRegistry, registry_in
from streams.contracts.schemas import Contract, shipped_schemas
from streams.contracts.wire import RecordDecoder, Undecodable, confluent_header
from streams.engine import Event
from streams.errors import LookupNeeded, Refused
from streams.ports import Decoded, Record, Rejection
from streams.settings import Settings

from .apicurio import Apicurio
from .registry_server import RegistryServer
from .test_encode import COMMAND

NOON = 1_772_452_800_000
ORDER_PLACED = shipped_schemas().of_metric("order.placed")
ORDER: dict[str, Any] = {
    "event_id": "e1",
    "customer_id": "ada",
    "occurred_at": NOON,
    "order_id": "1",
    "total": 2500,
    "currency": "GBP",
    "items": [],
    "tags": [],
}


class Clock:
    """Seconds, moved by hand."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def called(name: str, *fields: dict[str, Any]) -> dict[str, Any]:
    return {"type": "record", "name": name, "fields": list(fields)}


def record(schema_id: int, fields: dict[str, Any], contract: Contract = ORDER_PLACED) -> Record:
    value = confluent_header(schema_id) + dict_writer(contract.schema)(fields)
    return Record(NOON, 0, b"ada", value)


def decoded(decoder: EventDecoder, record: Record) -> Decoded | Rejection:
    """As a worker does it: what isn't known is asked for, and the same record comes again."""
    try:
        return decoder.decode("orders", record)
    except LookupNeeded as unanswered:
        unanswered.lookup()
        return decoder.decode("orders", record)


def test_an_event_in_confluent_form_is_read_with_one_request_for_its_schema() -> None:
    with RegistryServer() as server:
        schema_id = server.add(ORDER_PLACED.source)
        decoder = EventDecoder(registry=SchemaRegistry(server.url))
        for _ in range(3):
            event = decoded(decoder, record(schema_id, ORDER))
            assert isinstance(event, Event)
            assert event.data["total"] == 2500
        assert server.requests == [f"/api/schemas/ids/{schema_id}"]


def test_pitfall_58_a_writer_newer_than_us_is_read() -> None:
    """Version 3: a field added in the middle, an optional one removed, a number narrower."""
    gift = {"name": "gift", "type": ["null", {"type": "map", "values": "double"}]}
    fields = [f for f in ORDER_PLACED.source["fields"] if f["name"] != "coupon_code"]
    newer: Any = {**ORDER_PLACED.source, "fields": [*fields[:4], gift, *fields[4:]]}
    newer["fields"][5] = {"name": "total", "type": "int"}
    with RegistryServer() as server:
        schema_id = server.add(newer)
        registry = SchemaRegistry(server.url)
        contract = registry.contract(schema_id)
        assert isinstance(contract, Contract)
        written = record(schema_id, ORDER | {"gift": {"wrapping": 1.5}}, contract)
        event = decoded(EventDecoder(registry=registry), written)
    assert isinstance(event, Event)
    assert event.data["coupon_code"] is None
    assert event.data["total"] == 2500
    assert "gift" not in event.data


def test_pitfall_58_what_is_known_is_read_while_the_registry_is_down() -> None:
    with RegistryServer() as server:
        known = server.add(ORDER_PLACED.source)
        unknown = server.add(ORDER_PLACED.source)
        decoder = EventDecoder(registry=SchemaRegistry(server.url))
        decoded(decoder, record(known, ORDER))
    assert isinstance(decoded(decoder, record(known, ORDER)), Event)
    with pytest.raises(
        RegistryUnreachable, match=r"the schema registry at http://127.0.0.1:\d+/api"
    ):
        decoded(decoder, record(unknown, ORDER))
    with server:
        assert isinstance(decoded(decoder, record(unknown, ORDER)), Event)


def test_pitfall_58_what_was_known_is_read_when_the_registry_is_down_at_start(
    tmp_path: Path,
) -> None:
    cache = tmp_path / "schemas"
    with RegistryServer() as server:
        schema_id = server.add(ORDER_PLACED.source)
        SchemaRegistry(server.url, cache).contract(schema_id)
    decoder = EventDecoder(registry=SchemaRegistry(server.url, cache))
    assert isinstance(decoded(decoder, record(schema_id, ORDER)), Event)
    assert [path.name for path in cache.iterdir()] == [f"{schema_id}.json"]


def test_pitfall_56_an_unknown_schema_id_is_a_dead_letter_and_is_seldom_requested() -> None:
    clock = Clock()
    with RegistryServer() as server:
        decoder = EventDecoder(registry=SchemaRegistry(server.url, clock=clock))
        for _ in range(3):
            result = decoded(decoder, record(100, ORDER))
            assert isinstance(result, Rejection)
            assert result.reason == f"schema id 100 not found in the registry at {server.url}"
        assert len(server.requests) == 1
        assert server.add(ORDER_PLACED.source) == 100
        clock.now = 29.9
        assert isinstance(decoded(decoder, record(100, ORDER)), Rejection)
        clock.now = 30.0
        assert isinstance(decoded(decoder, record(100, ORDER)), Event)


@pytest.mark.parametrize(
    ("schema", "more", "says"),
    [
        (called("com.shop.Order"), {}, "record name com.shop.Order, expected one of sendflow.v1."),
        ("string", {}, "schema type string, expected record"),
        ({"type": "object"}, {"schemaType": "JSON"}, "is JSON, expected AVRO"),
        (called("sendflow.v1.X", {"name": "a", "type": "com.Y"}), {}, "not an Avro schema"),
        (called("sendflow.v1.Basket"), {}, "schema sendflow.v1.Basket is not an event schema"),
    ],
)
def test_pitfall_56_a_schema_that_is_none_of_ours(schema: Any, more: Any, says: str) -> None:
    with RegistryServer() as server:
        schema_id = server.add(schema, **more)
        decoder = EventDecoder(registry=SchemaRegistry(server.url))
        result = decoded(decoder, Record(NOON, 0, b"ada", confluent_header(schema_id)))
    assert isinstance(result, Rejection)
    assert says in result.reason


def test_a_schema_that_does_not_fit_ours_makes_dead_letters_of_its_records() -> None:
    fields = [
        field | ({"type": "boolean"} if field["name"] == "total" else {})
        for field in ORDER_PLACED.source["fields"]
    ]
    with RegistryServer() as server:
        schema_id = server.add({**ORDER_PLACED.source, "fields": fields})
        registry = SchemaRegistry(server.url)
        contract = registry.contract(schema_id)
        assert isinstance(contract, Contract)
        written = record(schema_id, ORDER | {"total": True}, contract)
        result = decoded(EventDecoder(registry=registry), written)
    assert isinstance(result, Rejection)
    assert "does not match its schema" in result.reason


def test_schemas_that_refer_to_others_are_put_together(tmp_path: Path) -> None:
    """Item lies under a subject of its own, and refers to another in its turn."""
    order: Any = dict(ORDER_PLACED.source)
    items = next(field for field in order["fields"] if field["name"] == "items")
    item = {**items["type"]["items"], "namespace": "sendflow.v1"}
    referring = {"name": "items", "type": {"type": "array", "items": "sendflow.v1.Item"}}
    order["fields"] = [referring if f["name"] == "items" else f for f in order["fields"]]
    colour = {"type": "record", "name": "com.shop.Colour", "fields": []}
    item["fields"] = [*item["fields"], {"name": "colour", "type": "com.shop.Colour"}]
    with RegistryServer() as server:
        server.subjects["colours", 1] = server.schemas[server.add(colour)]
        to_colour = [{"name": "com.shop.Colour", "subject": "colours", "version": 1}]
        server.subjects["items/of", 2] = server.schemas[server.add(item, references=to_colour)]
        to_item = [{"name": "sendflow.v1.Item", "subject": "items/of", "version": 2}]
        schema_id = server.add(order, references=to_item)
        SchemaRegistry(server.url, tmp_path).contract(schema_id)
    registry = SchemaRegistry(server.url, tmp_path)  # from the cache, references and all
    contract = registry.contract(schema_id)
    assert isinstance(contract, Contract)
    line = {"sku": "A", "quantity": 1, "unit_price": 5, "colour": {}}
    written = record(schema_id, ORDER | {"items": [line]}, contract)
    event = decoded(EventDecoder(registry=registry), written)
    assert isinstance(event, Event)
    assert event.data["items"][0]["sku"] == "A"


def test_outputs_are_registered_under_their_names_and_carry_their_ids() -> None:
    with RegistryServer() as server:
        registry = SchemaRegistry(server.url)
        (command,) = EffectEncoder(registry=registry).commands([COMMAND])
        assert {name for name, _ in server.subjects} == {
            "sendflow.v1.SendCommand",
            "sendflow.v1.WebhookCommand",
            "sendflow.v1.ReviewRequest",
            "sendflow.v1.Decisions",
            "sendflow.v1.DeadLetter",
            "sendflow.v1.LateRecord",
            "sendflow.v1.Interest",
            "sendflow.v1.SegmentChange",
            "sendflow.v1.ProductBackInStock",
            "sendflow.v1.ProductPriceDropped",
            "sendflow.v1.ProductSoldOut",
            "sendflow.v1.ProductLowStock",
        }
        assert command.value is not None
        assert command.value[:1] == b"\x00"
        decoder = RecordDecoder(shipped_schemas(), SchemaRegistry(server.url))
        name, fields = decoder.decode(command.value)
    assert name == "SendCommand"
    assert fields["send_id"] == COMMAND.send_id


def test_without_a_registry_the_confluent_form_cannot_be_read() -> None:
    with pytest.raises(Undecodable, match="no schema registry is configured"):
        RecordDecoder(shipped_schemas()).decode(confluent_header(1))


@pytest.mark.kafka
def test_a_real_registry_gives_and_takes_the_same_schemas(tmp_path: Path) -> None:
    """Apicurio, which answers as Confluent's does; runs where Java and Maven are there."""
    with Apicurio(tmp_path / "registry.log") as url:
        registry = SchemaRegistry(url)
        schema_id = registry.register(ORDER_PLACED)
        assert registry.register(ORDER_PLACED) == schema_id
        fetched = SchemaRegistry(url, tmp_path / "cache").contract(schema_id)
        assert isinstance(fetched, Contract)
        assert fetched.fingerprint == ORDER_PLACED.fingerprint
        decoder = EventDecoder(registry=SchemaRegistry(url))
        assert isinstance(decoded(decoder, record(schema_id, ORDER)), Event)
        unknown = decoded(decoder, record(schema_id + 1000, ORDER))
        assert isinstance(unknown, Rejection)
        assert "not found in the registry" in unknown.reason
        (command,) = EffectEncoder(registry=registry).commands([COMMAND])
        assert command.value is not None
        read = RecordDecoder(shipped_schemas(), SchemaRegistry(url)).decode(command.value)
        assert read[1]["send_id"] == COMMAND.send_id
        with pytest.raises(Refused, match="wrong address"):
            EffectEncoder(registry=SchemaRegistry(url.removesuffix("/apis/ccompat/v7")))


# ── what goes wrong ──


def test_a_user_and_a_password_are_sent_and_never_shown() -> None:
    with RegistryServer(password="s3cret") as server:
        schema_id = server.add(ORDER_PLACED.source)
        right = SchemaRegistry(server.url, login=("worker", "s3cret"))
        assert isinstance(right.contract(schema_id), Contract)
        wrong = SchemaRegistry(server.url, login=("worker", "gue55"))
        with pytest.raises(Refused, match="check schema_registry_username") as refused:
            wrong.contract(schema_id)
    assert "gue55" not in str(refused.value)
    with pytest.raises(RegistryUnreachable) as unreachable:
        wrong.contract(schema_id)
    assert "gue55" not in str(unreachable.value)


def test_a_password_may_hold_any_character() -> None:
    with RegistryServer(password="a:b@c/d% ö") as server:
        schema_id = server.add(ORDER_PLACED.source)
        registry = SchemaRegistry(server.url, login=("worker", "a:b@c/d% ö"))
        assert isinstance(registry.contract(schema_id), Contract)


@pytest.mark.parametrize("status", [500, 503, 429])
def test_an_answer_that_may_be_another_one_later_decides_nothing(status: int) -> None:
    with RegistryServer() as server:
        schema_id = server.add(ORDER_PLACED.source)
        server.fails_with = status
        registry = SchemaRegistry(server.url)
        with pytest.raises(RegistryUnreachable, match=f"returned {status}"):
            registry.contract(schema_id)
        server.fails_with = None
        assert isinstance(registry.contract(schema_id), Contract)


def test_a_schema_that_the_registry_does_not_take_is_refused_with_its_words() -> None:
    with RegistryServer() as server:
        server.fails_with = 409
        with pytest.raises(Refused, match="as the test wants it"):
            EffectEncoder(registry=SchemaRegistry(server.url))


def test_a_wrong_path_is_reported_on_start() -> None:
    with RegistryServer() as server:
        server.fails_with = 404
        with pytest.raises(Refused, match="wrong address"):
            EffectEncoder(registry=SchemaRegistry(server.url))


@pytest.mark.parametrize(
    "url",
    [
        "registry:8081",
        "ftp://registry",
        "http://",
        "",
        "http://host:port",
        "http://u:s3cret@host:80",
        "http://u:s3cret@",
        "u:s3cret@host:80",
        "http://u:s3@cret@host:80",
    ],
)
def test_an_address_that_is_none_is_refused_and_not_shown(url: str) -> None:
    with pytest.raises(Refused, match="expected http://HOST:PORT/PATH") as refused:
        SchemaRegistry(url)
    assert "s3" not in str(refused.value)


def test_the_registry_that_the_settings_name(tmp_path: Path) -> None:
    assert registry_in(Settings()) is None
    with RegistryServer(password="s3cret") as server:
        schema_id = server.add(ORDER_PLACED.source)
        settings = Settings(
            schema_registry=server.url + "/",
            schema_registry_username="worker",
            schema_registry_password="s3cret",
        )
        registry = registry_in(settings, tmp_path)
        assert registry is not None
        assert isinstance(registry.contract(schema_id), Contract)
    (folder,) = tmp_path.iterdir()
    assert [path.name for path in folder.iterdir()] == [f"{schema_id}.json"]


def test_two_registries_have_caches_of_their_own(tmp_path: Path) -> None:
    """The same id is another schema in another registry."""
    erased = shipped_schemas().of_metric("customer.erased")
    names = []
    for source in (ORDER_PLACED.source, erased.source):
        with RegistryServer() as server:
            schema_id = server.add(source)
            registry = registry_in(Settings(schema_registry=server.url), tmp_path)
            assert registry is not None
            contract = registry.contract(schema_id)
            assert isinstance(contract, Contract)
            names.append(contract.name)
    assert names == ["OrderPlaced", "CustomerErased"]


def test_a_known_schema_needs_no_request() -> None:
    with RegistryServer() as server:
        schema_id = server.add(ORDER_PLACED.source)
        registry = SchemaRegistry(server.url)
        assert registry.known(schema_id) is None
        assert server.requests == []
        assert registry.contract(schema_id) is registry.known(schema_id)


def test_many_who_ask_for_a_schema_at_the_same_time_make_one_request(tmp_path: Path) -> None:
    with RegistryServer() as server, ThreadPoolExecutor(8) as threads:
        server.answers.clear()
        schema_id = server.add(ORDER_PLACED.source)
        registry = SchemaRegistry(server.url, tmp_path)
        asked = [threads.submit(registry.contract, schema_id) for _ in range(8)]
        server.answers.set()
        assert len({id(one.result(10)) for one in asked}) == 1
        assert len(server.requests) == 1


def test_a_folder_that_can_not_be_written_costs_a_request_after_a_restart_only(
    tmp_path: Path,
) -> None:
    (tmp_path / "schemas").write_text("a file in the place of the folder")
    with RegistryServer() as server:
        schema_id = server.add(ORDER_PLACED.source)
        registry = SchemaRegistry(server.url, tmp_path / "schemas")
        assert isinstance(registry.contract(schema_id), Contract)


def test_an_answer_in_the_cache_that_is_damaged_is_fetched_again(tmp_path: Path) -> None:
    with RegistryServer() as server:
        schema_id = server.add(ORDER_PLACED.source)
        (tmp_path / f"{schema_id}.json").write_text("{")
        assert isinstance(SchemaRegistry(server.url, tmp_path).contract(schema_id), Contract)
        assert len(server.requests) == 1
