"""The content of messages: texts, items, recommendations, coupons and the catalogue's articles.

Knows the program, since texts and items are taken at a turn; sends nothing. Start with `items.py`.
"""

from streams.engine.content.coupon_pool import CouponPool
from streams.engine.content.coupons import NO_COUPON, check_pool, give, held_of, none_left
from streams.engine.content.items import Items, check_items, compile_items
from streams.engine.content.pools import check_pools, rule_like, rule_that_makes
from streams.engine.content.product import Change, Product, changes, follow, news
from streams.engine.content.recommend import Recommend
from streams.engine.content.recommendations import FACT, Recommendations
from streams.engine.content.texts import check_texts, compile_texts

__all__ = [
    "FACT",
    "NO_COUPON",
    "Change",
    "CouponPool",
    "Items",
    "Product",
    "Recommend",
    "Recommendations",
    "changes",
    "check_items",
    "check_pool",
    "check_pools",
    "check_texts",
    "compile_items",
    "compile_texts",
    "follow",
    "give",
    "held_of",
    "news",
    "none_left",
    "rule_like",
    "rule_that_makes",
]
