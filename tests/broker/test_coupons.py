"""Coupon codes from a file to customers, over workers that are killed: none goes to two people."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from streams.cli.main import run
from streams.contracts.wire import decode_any
from streams.embedded.broker_process import BrokerProcess
from streams.errors import Refused
from streams.kafka.event_producer import EventProducer, tick_record
from streams.operations.coupon_counts import coupon_counts
from streams.operations.coupon_loading import loaded_codes, refuse_if_late, write_codes
from streams.operations.publish import published_sets
from streams.settings import RecordTime
from tests.harness.eventually import eventually
from tests.harness.topics import records_of
from tests.harness.worker_shop import Shop

CUSTOMERS = 150
CODES = 100
GIFT = """\
flow: gift
trigger: {metric: order.placed}
re_entry: always
steps:
  - {send: email, template: loaded, coupon: ten, smart_sending: false}
  - {send: email, template: made, coupon: made, smart_sending: false}
"""
MADE = "coupons: made\nrule: {prefix: M-, length: 8}\n"


@pytest.fixture
def shop(broker: BrokerProcess, topic_prefix: str, tmp_path: Path) -> Iterator[Shop]:
    with Shop(broker, topic_prefix, tmp_path / "shop") as shop:
        shop.create_topics()
        (shop.flows / "thanks.yaml").unlink()
        (shop.flows / "gift.yaml").write_text(GIFT)
        (shop.flows / "coupons").mkdir()
        (shop.flows / "coupons" / "ten.yaml").write_text("coupons: ten\nexpires: 30d\n")
        (shop.flows / "coupons" / "made.yaml").write_text(MADE)
        yield shop


class CommandLine:
    """`sendflow coupons` in this process, on the shop's topics."""

    def __init__(self, shop: Shop, capsys: pytest.CaptureFixture[str]) -> None:
        self._given = ("--brokers", shop.broker.bootstrap, "--prefix", shop.settings.prefix)
        self._capsys = capsys

    def __call__(self, *arguments: str) -> tuple[int, str, str]:
        self._capsys.readouterr()
        status = run(["coupons", *arguments, *self._given])
        return (status, *self._capsys.readouterr())


@pytest.fixture
def coupons(
    shop: Shop, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> CommandLine:
    monkeypatch.chdir(shop.folder)
    return CommandLine(shop, capsys)


def commands(shop: Shop, template: str) -> dict[str, set[str]]:
    """Codes sent, by customer."""
    found: dict[str, set[str]] = {}
    for one in records_of(shop.settings, "send-commands"):
        fields = decode_any(one.record.value or b"")[1]
        if fields["template"] == template:
            found.setdefault(fields["customer_id"], set()).add(fields["coupon"])
    return found


def test_codes_go_to_one_customer_each_over_kill_9(shop: Shop, coupons: CommandLine) -> None:
    (shop.folder / "codes.csv").write_text("code\n" + "".join(f"C{n}\n" for n in range(CODES)))
    shop.publish()
    loaded = coupons("load", "ten", "codes.csv", "--by", "eve")
    assert loaded[:2] == (0, f"ten: {CODES} codes loaded\n")
    shop.register(CUSTOMERS)
    workers = [shop.start("one"), shop.start("two")]
    eventually(lambda: sum(len(one.running()) for one in workers) == 4, within=40)
    shop.order(CUSTOMERS)
    eventually(lambda: len(commands(shop, "made")) > 10, within=30, message=workers[0].log_tail)
    workers[0].kill()
    shop.order(CUSTOMERS)
    again = shop.start("one")

    def made() -> dict[str, set[str]]:
        return commands(shop, "made")

    eventually(lambda: len(made()) == CUSTOMERS, within=60, every=0.5, message=again.log_tail)
    shop.order(CUSTOMERS)

    def all_decided() -> bool:
        found = records_of(shop.settings, "send-commands")
        texts = [decode_any(one.record.value or b"")[1]["template"] for one in found]
        return texts.count("made") == 3 * CUSTOMERS

    eventually(all_decided, within=60, every=0.5, message=again.log_tail)
    assert all(len(codes) == 1 for codes in made().values())
    assert len(set.union(*made().values())) == CUSTOMERS
    given = commands(shop, "loaded")
    assert all(len(codes) == 1 for codes in given.values())
    owned = [code for codes in given.values() for code in codes]
    assert len(set(owned)) == len(owned)
    assert set(owned) <= {f"C{n}" for n in range(CODES)}

    counts = json.loads(coupons("status", "--json")[1])["pools"]
    of_ten = [one for one in counts if one["pool"] == "ten" and one["partition"] is not None]
    assert sum(one["loaded"] for one in of_ten) == CODES
    assert sum(one["given"] for one in of_ten) == len(owned)
    assert sum(one["left"] for one in of_ten) == CODES - len(owned)
    (all_made,) = [one for one in counts if one["pool"] == "made" and one["partition"] is None]
    assert all_made["given"] == CUSTOMERS
    text = coupons("status", "ten")[1]
    assert "made" not in text
    assert coupons("status", "tne")[0] == 1


@pytest.mark.smoke
def test_the_status_says_which_pools_lack_codes(shop: Shop, coupons: CommandLine) -> None:
    assert coupons("status") == (1, "", "no codes\n")
    assert coupons("status", "ten")[::2] == (
        1,
        "unknown coupon pool 'ten'; none are defined\n",
    )
    shop.publish()
    status, out, notes = coupons("status")
    assert (status, out) == (1, "")
    assert "made: no code generated yet\n" in notes
    assert "ten: no codes loaded; load some with sendflow coupons load ten FILE" in notes
    assert "(allowed: made, ten)" in coupons("status", "tne")[2]
    status, out, notes = coupons("status", "made")
    assert notes == "made: no code generated yet\nno codes of made\n"
    status, out, notes = coupons("status", "ten", "--json")
    assert (status, json.loads(out)["pools"], notes) == (1, [], "")


@pytest.mark.smoke
def test_codes_that_cannot_be_loaded(shop: Shop, coupons: CommandLine) -> None:
    shop.publish()
    lines = shop.folder / "codes.txt"
    lines.write_text("A1\nA2\n\n")
    assert coupons("load", "tenn", "codes.txt")[0] == 2
    assert "did you mean 'ten'?" in coupons("load", "tenn", "codes.txt")[2]
    assert "generates its codes by rule" in coupons("load", "made", "codes.txt")[2]
    assert coupons("load", "ten", "codes.txt")[:2] == (0, "ten: 2 codes loaded\n")
    lines.write_text("A1\nA2\nA3\n")
    again = coupons("load", "ten", "codes.txt")
    assert again[:2] == (0, "ten: 1 code loaded, 2 already loaded\n")
    assert coupons("load", "other", "codes.txt", "--new")[0] == 1
    lines.write_text("B1\nB1\nM-ABCDEFGH\n" + "X" * 101)
    status, _, errors = coupons("load", "ten", "codes.txt")
    assert status == 1
    assert "code 2 ('B1'): duplicate" in errors
    assert "code 3 ('M-ABCDEFGH'): could also be generated by the rule of 'made'" in errors
    assert "over 100 characters" in errors
    assert "nothing loaded" in errors
    (shop.folder / "codes.csv").write_text("voucher,value\nV1,10\n")
    status, _, errors = coupons("load", "ten", "codes.csv")
    assert status == 2
    assert "no column 'code'; found voucher, value" in errors
    assert coupons("load", "ten", "codes.csv", "--column", "voucher")[0] == 0
    assert sorted(loaded_codes(shop.settings).pool_of.items()) == [
        (code, "ten") for code in ("A1", "A2", "A3", "V1")
    ]


def test_publishing_loads_the_codes_that_stand_in_definitions(
    shop: Shop, coupons: CommandLine, capsys: pytest.CaptureFixture[str]
) -> None:
    pool = shop.flows / "coupons" / "ten.yaml"
    pool.write_text("coupons: ten\ncodes: [T1, T2]\n")
    shop.publish()
    pool.write_text("coupons: ten\ncodes: [T1, T2, T3]\n")
    shop.publish()
    assert len(records_of(shop.settings, "coupons")) == 3
    first, second = published_sets(shop.settings)
    assert len(first.record.coupon_key) == 32
    assert second.record.coupon_key == first.record.coupon_key
    pool.write_text("coupons: ten\n")
    (shop.flows / "coupons" / "other.yaml").write_text("coupons: other\ncodes: [T1]\n")
    with pytest.raises(Refused, match=r"'other': code 1 \('T1'\): already loaded into pool 'ten'"):
        shop.publish()
    (shop.flows / "coupons" / "other.yaml").write_text(
        "coupons: other\nrule: {prefix: T, length: 8}\n"
    )
    with pytest.raises(Refused, match=r"the rule can generate 'T[23]'"):
        shop.publish()
    (shop.flows / "coupons" / "other.yaml").write_text(
        "coupons: other\nrule: {prefix: M-A, length: 8}\n"
    )
    (shop.flows / "coupons" / "made.yaml").write_text(MADE.replace("M-", "N-"))
    with pytest.raises(Refused, match="can generate codes of 'made'"):
        shop.publish()
    assert len(published_sets(shop.settings)) == 2
    capsys.readouterr()
    given = ("--brokers", shop.broker.bootstrap, "--prefix", shop.settings.prefix)
    assert run(["tail", "control", "--json", *given]) == 0
    shown: list[dict[str, Any]] = [
        json.loads(line) for line in capsys.readouterr().out.splitlines()
    ]
    assert {one["value"]["coupon_key"] for one in shown} == {"secret"}


def test_in_simulated_time_codes_come_before_the_first_event(
    broker: BrokerProcess, topic_prefix: str, tmp_path: Path
) -> None:
    with Shop(broker, topic_prefix, tmp_path / "past", record_time=RecordTime.CREATE) as shop:
        shop.create_topics()
        (shop.flows / "coupons").mkdir()
        pool = shop.flows / "coupons" / "ten.yaml"
        pool.write_text("coupons: ten\ncodes: [T1]\n")
        shop.publish()
        assert [one.record.time for one in records_of(shop.settings, "coupons")] == [1]
        refuse_if_late(shop.settings, loaded_codes(shop.settings))
        with EventProducer(shop.settings) as producer:
            producer.produce(tick_record("coupons", 0, 5_000))
        with pytest.raises(Refused, match="load coupon codes before the first event"):
            refuse_if_late(shop.settings, loaded_codes(shop.settings))
        pool.write_text("coupons: ten\ncodes: [T1, T2]\n")
        with pytest.raises(Refused, match="load coupon codes before the first event"):
            shop.publish()
        pool.write_text("coupons: ten\ncodes: [T1]\nexpires: 1d\n")
        shop.publish()
        assert write_codes(shop.settings, []) == 0
        assert coupon_counts(shop.settings, [], 1) == []
