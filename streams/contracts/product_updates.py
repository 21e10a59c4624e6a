"""Updates of articles: `product.updated` on the topic `products`, keyed by sku."""

from collections.abc import Mapping
from typing import Any

from streams.contracts.fields import WrongEvent, currency_problem, typed
from streams.contracts.moments import moment_problem
from streams.contracts.schemas import record_name
from streams.engine.content import GoneProduct, Product
from streams.engine.customer import LONGEST_SKU, is_valid_sku
from streams.engine.values import PRODUCT_METRICS, PRODUCT_UPDATED, Field, FieldType
from streams.ports import Record, Rejection

_FIELDS = {
    "event_id": Field(FieldType.TEXT),
    "occurred_at": Field(FieldType.MOMENT),
    **PRODUCT_METRICS[PRODUCT_UPDATED].fields,
}


class ProductReader:
    """Reads the fields of the schema, decoded from Avro or JSON."""

    name = record_name(PRODUCT_UPDATED)
    topic = PRODUCT_METRICS[PRODUCT_UPDATED].topic

    def read(self, fields: dict[str, Any], record: Record) -> Product:
        """Returns the article. Raises WrongEvent."""
        given = typed(_FIELDS, fields)
        if not given["event_id"]:
            raise WrongEvent("field 'event_id' is empty")
        problem = moment_problem(given["occurred_at"]) or currency_problem(given["currency"])
        if problem is not None:
            raise WrongEvent(problem)
        judge_product(given)
        check_key(record, given["sku"])
        return Product(**given)


def judge_product(given: Mapping[str, Any]) -> None:
    """Raises WrongEvent for values of an article that have the right types and can't be meant."""
    if given["price"] < 0:
        raise WrongEvent(f"field 'price' is {given['price']}, expected 0 or more", "price")
    released_at = given["released_at"]
    if released_at is not None and (problem := moment_problem(released_at, "released_at")):
        raise WrongEvent(problem, "released_at")
    _check_sku(given["sku"])


def read_gone(record: Record) -> GoneProduct | Rejection:
    """Returns the article of a record without a value, as the shop has it no longer."""
    try:
        sku = (record.key or b"").decode()
    except UnicodeDecodeError:
        sku = ""
    if not is_valid_sku(sku):
        return Rejection(
            f"the record has no value, which takes an article away, and the key "
            f"{(record.key or b'')[:40]!r} is no sku"
        )
    return GoneProduct(sku)


def check_key(record: Record, sku: str) -> None:
    """Raises WrongEvent if the key of the record differs from its sku, or is not a valid key."""
    if record.key is None:
        raise WrongEvent("the record has no key, expected the sku")
    try:
        is_same = record.key.decode() == sku
    except UnicodeDecodeError:
        is_same = False
    if not is_same:
        raise WrongEvent(f"the key is {record.key[:40]!r}, but field 'sku' is {sku[:40]!r}")
    _check_sku(sku)


def _check_sku(sku: str) -> None:
    if not is_valid_sku(sku):
        raise WrongEvent(
            f"field 'sku' is {sku[:40]!r}, expected 1 to {LONGEST_SKU} bytes that do not begin "
            "with a zero byte: it is the record's key",
            "sku",
        )
