"""Shops on a local task."""

from collections.abc import Callable
from typing import Any

import pytest

from streams.contracts.decode import EventDecoder
from streams.contracts.encode import EffectEncoder
from streams.local import LocalParts, LocalTask
from streams.ports import TaskSettings
from streams.programs import Programs
from streams.store.memory import MemoryStore
from tests.harness.local_shop import BEGIN, CART_FLOW, SKEW, LocalShop


@pytest.fixture
def open_shop() -> Callable[..., LocalShop]:
    def open_it(**settings: Any) -> LocalShop:
        decoder, encoder = EventDecoder(), EffectEncoder()
        parts = LocalParts(
            MemoryStore, decoder, encoder, Programs(), TaskSettings(clock_skew=SKEW, **settings)
        )
        return LocalShop(LocalTask(parts))

    return open_it


@pytest.fixture
def shop(open_shop: Callable[..., LocalShop]) -> LocalShop:
    """A shop with one flow: four hours after a cart, unless an order came."""
    shop = open_shop()
    shop.publish(BEGIN - 1, CART_FLOW)
    return shop
