"""Interests of customers in articles, from the customers' tasks to the articles' tasks: the topic
`interests`, keyed by sku."""

from typing import Any

from streams.contracts.fields import WrongEvent, typed
from streams.contracts.product_updates import check_key
from streams.engine.customer import PERIODS
from streams.engine.effects import Interest
from streams.engine.values import Field, FieldType
from streams.ports import Record

INTERESTS = "interests"

_FIELDS = {
    "sku": Field(FieldType.TEXT),
    "customer_id": Field(FieldType.TEXT),
    "kind": Field(FieldType.TEXT, is_optional=True),
    "until": Field(FieldType.MOMENT),
    "at": Field(FieldType.MOMENT),
    "seen_price": Field(FieldType.MONEY, is_optional=True),
    "currency": Field(FieldType.TEXT, is_optional=True),
}


class InterestReader:
    """Reads the fields of the schema, decoded from Avro or JSON."""

    name = "Interest"
    topic = INTERESTS

    def read(self, fields: dict[str, Any], record: Record) -> Interest:
        """Returns the interest. Raises WrongEvent."""
        given = typed(_FIELDS, fields)
        if given["kind"] is not None and given["kind"] not in PERIODS:
            raise WrongEvent(f"field 'kind' is {given['kind']!r}, expected {', '.join(PERIODS)}")
        check_key(record, given["sku"])
        return Interest(**given)
