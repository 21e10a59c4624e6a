"""What a task counts beside what it puts out."""

from tests.harness.local_shop import BEGIN, HOUR, LocalShop

NOON = BEGIN + 12 * HOUR


def test_e29_a_repeated_event_is_counted_as_a_duplicate_and_changes_nothing(
    shop: LocalShop,
) -> None:
    shop.customer(BEGIN, "ada")
    shop.cart(NOON, "ada", event_id="retried")
    shop.cart(NOON + HOUR, "ada", event_id="retried")
    shop.until(NOON + 6 * HOUR)
    assert shop.local.task.counts["duplicates"] == 1
    assert shop.sent() == [("ada", "your-cart", NOON + 4 * HOUR)]


def test_an_amount_without_a_rate_is_counted(shop: LocalShop) -> None:
    shop.cart(NOON, "ada", currency="XAU")
    shop.until(NOON + HOUR)
    assert shop.local.task.counts["without_rate"] == 1
