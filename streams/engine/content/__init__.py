"""The content of messages: texts, items, recommendations, coupons and the catalogue's articles.

Depends on the program, since texts and items are read at a turn; sends nothing. Start with
`items.py`.
"""

from streams.engine.content.about_customer import check_in_commands, compile_about_customer
from streams.engine.content.catalogue import (
    CATALOGUE,
    NO_ARTICLES,
    Article,
    Catalogue,
    article_of,
    articles_in,
    packed_articles,
    shows_same,
)
from streams.engine.content.coupon_assignment import (
    NO_COUPON,
    check_pool,
    give_coupon,
    no_code_evidence,
)
from streams.engine.content.coupon_pool import CouponPool
from streams.engine.content.items import Items, check_items, compile_items
from streams.engine.content.link_parameters import check_link_parameters, link_parameters
from streams.engine.content.pools import check_pools, rule_like, rule_that_makes
from streams.engine.content.product import (
    BACK_IN_STOCK,
    PRICE_DROPPED,
    SOLD_OUT,
    ArticleNews,
    GoneProduct,
    Product,
    gone,
    merged,
    news_between,
    news_event,
    price_at,
)
from streams.engine.content.recommend import Recommend
from streams.engine.content.recommendations import FACT, Recommendations
from streams.engine.content.texts import check_texts, compile_currencies, compile_texts

__all__ = [
    "BACK_IN_STOCK",
    "CATALOGUE",
    "FACT",
    "NO_ARTICLES",
    "NO_COUPON",
    "PRICE_DROPPED",
    "SOLD_OUT",
    "Article",
    "ArticleNews",
    "Catalogue",
    "CouponPool",
    "GoneProduct",
    "Items",
    "Product",
    "Recommend",
    "Recommendations",
    "article_of",
    "articles_in",
    "check_in_commands",
    "check_items",
    "check_link_parameters",
    "check_pool",
    "check_pools",
    "check_texts",
    "compile_about_customer",
    "compile_currencies",
    "compile_items",
    "compile_texts",
    "give_coupon",
    "gone",
    "link_parameters",
    "merged",
    "news_between",
    "news_event",
    "no_code_evidence",
    "packed_articles",
    "price_at",
    "rule_like",
    "rule_that_makes",
    "shows_same",
]
