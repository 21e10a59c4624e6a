"""Events in a few words."""

from zoneinfo import ZoneInfo

import pytest

from streams.replay.event_text import event_text
from streams.replay.words import Words

WORDS = Words(ZoneInfo("UTC"))
LAMP = {"sku": "LAMP", "name": "Lamp", "price": 1_999, "currency": "GBP", "stock": 7}


@pytest.mark.parametrize(
    ("interest", "said"),
    [("wishlist", " (wishlist)"), ("viewed", " (viewed)"), ("else", ""), (None, "")],
)
def test_news_of_an_article_show_the_change_and_the_reason(interest: str | None, said: str) -> None:
    fields = {**LAMP, "interest": interest}
    back = event_text("product.back_in_stock", fields, WORDS)
    assert back == f"product.back_in_stock Lamp: 7 in stock, 19.99 GBP{said}"
    cheaper = event_text("product.price_dropped", {**fields, "previous_price": 2_499}, WORDS)
    assert cheaper == f"product.price_dropped Lamp: 24.99 GBP -> 19.99 GBP{said}"


def test_a_topic_that_is_left_is_not_the_channel() -> None:
    fields = {"channel": "email", "topic": "offers", "send_id": "s1"}
    left = event_text("customer.unsubscribed", fields, WORDS)
    assert left == "customer.unsubscribed email, topic offers"
    whole = event_text("customer.unsubscribed", {**fields, "topic": " "}, WORDS)
    assert whole == "customer.unsubscribed email"
    reported = event_text("message.unsubscribed", fields, WORDS)
    assert reported == "message.unsubscribed send_id s1 by email, topic offers"
