"""A disk that is full when the store is written after a commit: what was committed stands, and with
room the store catches up (PITFALLS 52)."""

import os
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from streams.contracts.decode import EventDecoder
from streams.contracts.encode import EffectEncoder
from streams.errors import Refused
from streams.local import LocalParts, LocalTask
from streams.ports import TaskSettings
from streams.programs import Programs
from streams.store.memory import MemoryStore
from streams.store.rocks import DAMAGED_SUFFIX, RocksStore, StoreMemory, open_store
from tests.harness.local_shop import BEGIN, CART_FLOW, HOUR, SKEW, LocalShop

NOON = BEGIN + 12 * HOUR
PICTURE = "https://example.com/" + "x" * 1_000
MEGABYTE = 1024 * 1024


class Disk:
    """A folder that has room, or none."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def fill(self, store: RocksStore) -> None:
        raise NotImplementedError

    def make_room(self) -> None:
        raise NotImplementedError


class SaidToBeFull(Disk):
    """RocksDB says what it says when there is no room."""

    def fill(self, store: RocksStore) -> None:
        class Full:
            def __init__(self, database: Any) -> None:
                self._database = database

            def __getattr__(self, name: str) -> Any:
                return getattr(self._database, name)

            def write(self, *_: object) -> None:
                raise Exception(
                    "IO error: No space left on device: While appending to file: 000013.sst: No "
                    "space left on device"
                )

        store._database = Full(store._database)  # type: ignore[assignment]

    def make_room(self) -> None:
        pass


class SmallTmpfs(Disk):
    """A file system of a few megabytes, with a file that takes all that is left."""

    def fill(self, store: RocksStore) -> None:
        with (self.folder / "filling").open("wb", buffering=0) as filling:
            try:
                while True:
                    filling.write(bytes(4_096))
            except OSError:
                return

    def make_room(self) -> None:
        (self.folder / "filling").unlink()


@pytest.fixture(params=[SaidToBeFull, SmallTmpfs])
def disk(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Disk]:
    if request.param is SaidToBeFull:
        yield SaidToBeFull(tmp_path)
        return
    folder = tmp_path / "small"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=32m", "tmpfs", str(folder)]
    if os.geteuid() != 0 or subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("only root may mount a small file system")
    try:
        yield SmallTmpfs(folder)
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


def shop_on(open_store: Callable[[], Any]) -> LocalShop:
    settings = TaskSettings(clock_skew=SKEW)
    shop = LocalShop(
        LocalTask(LocalParts(open_store, EventDecoder(), EffectEncoder(), Programs(), settings))
    )
    shop.publish(BEGIN - 1, CART_FLOW)
    return shop


def live_through(shop: LocalShop, number: int) -> None:
    """A customer, a large cart, and the mail about it four hours later."""
    at = NOON + number * 5 * HOUR
    customer = f"c{number}"
    item = {"sku": "A", "quantity": 1, "unit_price": 5, "image_url": PICTURE}
    shop.customer(at, customer)
    shop.cart(at + 1, customer, items=[item] * 60)
    shop.until(at + 5 * HOUR)


def live_on(shop: LocalShop, numbers: Iterator[int]) -> None:
    for number in numbers:
        live_through(shop, number)


def test_pitfall_52_a_disk_that_is_full_after_a_commit_loses_and_repeats_nothing(
    disk: Disk,
) -> None:
    directory = disk.folder / "sendflow-0"
    memory = StoreMemory(MEGABYTE)
    shop = shop_on(lambda: open_store(directory, memory))
    live_through(shop, 0)
    store = shop.local.store
    assert isinstance(store, RocksStore)
    disk.fill(store)
    numbers = iter(range(1, 200))
    with pytest.raises(Refused, match=r"sendflow-0: writing: .*free disk space"):
        live_on(shop, numbers)
    last = next(numbers) - 1
    committed = shop.sent()
    assert len(committed) == last + 1, "a command comes before the write of the store"
    store.close()
    disk.make_room()
    # The worker is started again.
    shop.local.store = open_store(directory, memory)
    assert (shop.local.store.changelog_offset() or 0) < len(shop.local.changelog)
    shop.local.restart()
    assert shop.sent() == committed
    live_through(shop, last + 1)

    undisturbed = shop_on(MemoryStore)
    live_on(undisturbed, iter(range(last + 2)))
    assert shop.sent() == undisturbed.sent()
    assert dict(shop.local.store.items()) == dict(undisturbed.local.store.items())
    assert not directory.with_name(directory.name + DAMAGED_SUFFIX).exists()
    shop.local.store.close()
