"""Hashes that decide or name something. A replay must repeat them, so none depends on the process
(PYTHONHASHSEED), and a change to one changes ids in production."""

import zlib
from hashlib import blake2b

_SEPARATOR = "\x1f"  # can't be in a flow or step id, so ("a", "bc") and ("ab", "c") differ


ID_HASH = 5
"""Bytes of an `id_hash`: of a thousand remembered events, one in a billion others is taken for one
of them."""


def id_hash(text: str) -> bytes:
    """The bytes that stand for a remembered id of an event, an order, a refund or a message
    (SEMANTICS 8.6 to 8.8): the first of those that states of format 2 have of event ids."""
    return blake2b(text.encode(), digest_size=8).digest()[:ID_HASH]


def sku_hash(sku: str) -> bytes:
    """4 bytes that stand for a bought SKU (SEMANTICS 7.4): a state keeps up to 10,000 of them, and
    a false match only leaves out a recommendation."""
    return zlib.crc32(sku.encode()).to_bytes(4, "big")


def step_hash(step: str) -> bytes:
    """4 bytes that stand for a step that a journey has passed (SEMANTICS 6.2): a flow has tens of
    steps at most."""
    return zlib.crc32(step.encode()).to_bytes(4, "big")


def journey_id(customer_id: str, flow: str, cause: str) -> str:
    """The id of the journey that `cause` started: the id of the triggering event, or the time of
    the entry if no event triggered it."""
    return blake2b(
        f"{customer_id}{_SEPARATOR}{flow}{_SEPARATOR}{cause}".encode(), digest_size=10
    ).hexdigest()


def journey_id_of_article(customer_id: str, flow: str, event_id: str, sku: str) -> str:
    """The id of the journey that an event started for one of its articles (SEMANTICS 1.13)."""
    return journey_id(customer_id, flow, f"{event_id}{_SEPARATOR}{sku}")


def send_id(journey: str, step: str) -> str:
    """The id of the message that a journey sends at `step`: the same in a replay, so that a
    delivery worker can recognise it (DESIGN 4.5). `journey` is a `journey_id`, which includes
    customer and flow."""
    return blake2b(f"{journey}{_SEPARATOR}{step}".encode(), digest_size=10).hexdigest()


SAMPLE_POINTS = 1 << 64


def sample_point(*parts: str) -> int:
    """A number from 0 to below SAMPLE_POINTS: for (customer, flow, step) in a sticky sample, with
    the journey's id in place of the customer's in a fresh one (SEMANTICS 2.7)."""
    return int.from_bytes(blake2b(_SEPARATOR.join(parts).encode(), digest_size=8).digest(), "big")


def is_among(hash_: bytes, hashes: bytes) -> bool:
    """True if `hash_` is one of the concatenated hashes of its size in `hashes`."""
    place = hashes.find(hash_)
    while place >= 0:
        if place % len(hash_) == 0:  # otherwise it spans two hashes
            return True
        place = hashes.find(hash_, place + 1)
    return False
