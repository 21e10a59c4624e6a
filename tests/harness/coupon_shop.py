"""Loaded coupon codes on the move over workers that are killed: a shop whose codes lie in one
partition and whose customers are in others, and where each code is in the end."""

import random
from collections import Counter
from collections.abc import Iterator
from itertools import count

from streams.contracts.control import decode_control
from streams.contracts.coupon_codes import SEPARATOR
from streams.contracts.coupon_moves import COUPON_MOVES
from streams.contracts.wire import decode_any
from streams.kafka.event_producer import EventProducer
from streams.kafka.partition import partition_of
from streams.operations.coupon_loading import write_codes
from streams.ports import CHANGELOG, CONTROL, COUPON_FACTS_KEY, CouponCode, CouponFacts
from streams.runtime.coupon_book import POOL, PoolState, decode_pool
from tests.harness.events import event, now
from tests.harness.topics import records_of
from tests.harness.worker_shop import Shop

GIFT = """\
flow: gift
trigger: {metric: order.placed}
steps:
  - {send: email, template: gift, coupon: ten, smart_sending: false}
"""
POOL_OF_TEN = "coupons: ten\nlow: 40\n"
_WAITING = b"\0coupon\0"


class CouponShop:
    """A shop that gives each new customer a code of the pool `ten`."""

    def __init__(self, shop: Shop, seed: int) -> None:
        self.shop = shop
        self.chance = random.Random(seed)
        self.loaded: list[str] = []
        self.asked = 0
        self._codes = count(1)
        self._customers = count(1)

    def set_up(self) -> None:
        """All topics, and the flow and its pool are published."""
        (self.shop.flows / "thanks.yaml").unlink()
        (self.shop.flows / "gift.yaml").write_text(GIFT)
        (self.shop.flows / "coupons").mkdir()
        (self.shop.flows / "coupons" / "ten.yaml").write_text(POOL_OF_TEN)
        self.shop.create_topics()
        self.shop.publish()

    def load(self, partition: int, number: int) -> None:
        """Loads codes that belong into a partition."""
        codes = self._in_partition(partition, "C", f"ten{SEPARATOR}", self._codes)
        new = [next(codes) for _ in range(number)]
        self.loaded += new
        write_codes(self.shop.settings, (CouponCode("ten", code, None, now()) for code in new))

    def ask(self, partition: int, number: int) -> None:
        """New customers of a partition order, and are to get a code each."""
        names = self._in_partition(partition, "c", "", self._customers)
        with EventProducer(self.shop.settings) as producer:
            for _ in range(number):
                self.asked += 1
                name = next(names)
                producer.produce(event("customer.updated", name, self.asked))
                producer.produce(event("order.placed", name, self.asked))

    def _in_partition(
        self, partition: int, letter: str, before: str, numbers: "count[int]"
    ) -> Iterator[str]:
        for number in numbers:
            name = f"{letter}{number}"
            key = f"{before}{name}".encode()
            if partition_of(key, self.shop.settings.partitions) == partition:
                yield name

    # ── What is on the brokers ────────────────────────────────────────────────────────────────

    def given(self) -> list[tuple[str, str]]:
        """(customer, code) of each command."""
        return [
            (one["customer_id"], one["coupon"])
            for one in (
                decode_any(found.record.value or b"")[1]
                for found in records_of(self.shop.settings, "send-commands")
            )
        ]

    def answered(self) -> int:
        """Customers who got a code, or were refused one."""
        decided = 0
        for found in records_of(self.shop.settings, "flow-decisions"):
            fields = decode_any(found.record.value or b"")[1]
            decided += sum(one["outcome"] in ("sent", "skipped") for one in fields["decisions"])
        return decided

    def is_done(self) -> bool:
        """True once each loaded code has come to its task, and each customer has an answer."""
        loaded = sum(state.loaded for state in self._states().values())
        return loaded == len(self.loaded) and self.answered() == self.asked

    def moved(self) -> int:
        """Codes that have come to another task."""
        return sum(state.moved_in for state in self._states().values())

    def _states(self) -> dict[int, PoolState]:
        return {
            partition: decode_pool(value)
            for (partition, key), value in self._own_keys().items()
            if key == POOL + b"ten"
        }

    def _own_keys(self) -> dict[tuple[int, bytes], bytes]:
        newest: dict[tuple[int, bytes], bytes | None] = {}
        for found in records_of(self.shop.settings, CHANGELOG):
            newest[found.partition, found.record.key or b""] = found.record.value
        return {key: value for key, value in newest.items() if value is not None}

    def differences(self) -> list[str]:
        """Codes that aren't in exactly one place: given, waiting in a task, or on their way;
        customers with more than one; moves that were ordered or made twice. No transaction may be
        open."""
        given, states, keys = self.given(), self._states(), self._own_keys()
        places = Counter(code for _, code in given)
        places.update(value.decode() for (_, key), value in keys.items() if _WAITING in key[:8])
        ordered, made = self._ordered(), []
        for found in records_of(self.shop.settings, COUPON_MOVES):
            fields = decode_any(found.record.value or b"")[1]
            made.append(fields["number"])
            receiver = states.get(found.partition, PoolState())
            if fields["number"] > receiver.received:
                places.update(fields["codes"])
        loaded = Counter(self.loaded)
        problems = [f"lost: {code}" for code in (loaded - places)]
        problems += [f"more than once, or unknown: {code}" for code in (places - loaded)]
        by_customer = Counter(customer for customer, _ in given)
        problems += [f"{customer} got {n} codes" for customer, n in by_customer.items() if n > 1]
        for partition, state in states.items():
            waiting = sum(key.startswith(_WAITING) for number, key in keys if number == partition)
            if waiting != state.left:
                problems.append(f"task {partition} counts {state.left} codes and has {waiting}")
        if ordered != list(range(1, len(ordered) + 1)):
            problems.append(f"ordered moves: {ordered}")
        if len(set(made)) != len(made) or not set(made) <= set(ordered):
            problems.append(f"moves made: {made}")
        return problems

    def _ordered(self) -> list[int]:
        """The numbers of the moves on `control`."""
        numbers = []
        for found in records_of(self.shop.settings, CONTROL):
            if found.record.key == COUPON_FACTS_KEY:
                facts = decode_control(found.record.value or b"")
                assert isinstance(facts, CouponFacts)
                numbers += [move.number for move in facts.moves]
        return numbers
