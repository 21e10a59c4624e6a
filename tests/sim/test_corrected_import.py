"""A file that is imported again, as it was or corrected (SEMANTICS 8.6, 8.7)."""

from pathlib import Path

from streams.importing.reading import ImportReport, MappingOptions, file_as, read_events
from tests.harness.local_shop import BEGIN, DAY, HOUR, LocalShop

HEAD = "order_id,customer_id,occurred_at,total,currency,amount\n"


def tell(shop: LocalShop, at: int, folder: Path, *lines: str, metric: str = "order.placed") -> None:
    """Imports the lines at `at`."""
    path = folder / "orders.csv"
    path.write_text(HEAD + "".join(f"{line}\n" for line in lines))
    name = "total" if metric == "order.placed" else "amount"
    source = file_as(path, metric, MappingOptions([f"{name}={name}:major"]))
    for one in read_events([source], ImportReport()):
        event = dict(one.event)
        customer = event.pop("customer_id")
        shop.happens(at, event.pop("metric"), customer, **event)
    shop.until(at + HOUR)


def worth(shop: LocalShop) -> tuple[int, int, int]:
    """Orders, revenue and what was taken off it."""
    state = shop.state("ada")
    return state.orders, state.revenue, state.refunds


def test_a_file_told_again_changes_nothing_and_a_corrected_one_corrects(
    shop: LocalShop, tmp_path: Path
) -> None:
    day = "2025-12-01"
    lines = [f"{n},ada,{day},10.00,GBP," for n in range(1, 71)]
    tell(shop, BEGIN, tmp_path, *lines)
    assert worth(shop) == (70, 70_000, 0)
    tell(shop, BEGIN + DAY, tmp_path, *lines)
    assert worth(shop) == (70, 70_000, 0)
    corrected = ["1,ada,2025-12-01,12.50,GBP,", *lines[1:]]
    tell(shop, BEGIN + 2 * DAY, tmp_path, *corrected)
    assert worth(shop) == (70, 70_250, 0)


def test_what_is_taken_off_is_taken_off_once(shop: LocalShop, tmp_path: Path) -> None:
    tell(shop, BEGIN, tmp_path, "1,ada,2025-12-01,50.00,GBP,", "2,ada,2025-12-01,20.00,GBP,")
    for day in (1, 2):  # the second file dates it to another day
        cancelled = f"2,ada,2025-12-0{day + 2},,GBP,"
        tell(shop, BEGIN + day * DAY, tmp_path, cancelled, metric="order.cancelled")
        refund = "1,ada,2025-12-03,,GBP,5.00"
        tell(shop, BEGIN + day * DAY, tmp_path, refund, metric="order.refunded")
        assert worth(shop) == (2, 7_000, 2_500)
