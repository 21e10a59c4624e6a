"""Records of the topic `control`: the definitions in force, and facts about the store.

Always in Avro single-object encoding: only Sendflow writes and reads them.
"""

from typing import Any

import msgspec

from streams.contracts.coupon_moves import coupon_facts_in
from streams.contracts.shipped import encode_struct
from streams.contracts.wire import Undecodable, decode_any
from streams.engine import Article, Instant, articles_in, packed_articles
from streams.engine.forecast import (
    Part,
    PurchaseModel,
    named_parameters,
    ordered_parameters,
    problems_of_model,
)
from streams.engine.values import DAY
from streams.ports import (
    ARTICLE_FACTS_KEY,
    CONTROL,
    DAY_FACTS_KEY,
    MODEL_KEY,
    CouponFacts,
    OutputRecord,
    Record,
    Rejection,
)
from streams.runtime.day_facts import DayFact
from streams.runtime.days import day_end_of, day_that_ends


class DefinitionsRecord(msgspec.Struct):
    """A whole set of definitions, in force from this record on (DESIGN 3)."""

    published_at: Instant
    version: str  # hash of the canonical definitions
    semantics: int  # number of the semantics that the set was checked with
    tzdata: str  # version of the zone data that the set was checked with
    definitions: str  # the set as canonical JSON
    successors: dict[str, dict[str, str | None]]  # flow -> any earlier step id -> its successor
    coupon_key: str = ""  # key of the codes made by rule; the first one published stays in use


class FactsRecord(msgspec.Struct):
    """Figures over all customers: decisions after this record compare with them (SEMANTICS 7.2)."""

    day: str  # YYYY-MM-DD (UTC): the figures are those at its end
    values: dict[str, float]  # clv.total.mean, ...; money in minor units
    partitions: int = 0  # number of tasks added up; 0: given by hand
    recommendations: bytes | None = None  # purchase counts, encoded
    articles: bytes | None = None  # packed_articles: the whole catalogue
    changed_articles: bytes | None = None  # packed_articles: changes of it


class PackedModel(msgspec.Struct):
    """The record of a purchase model, as its schema has it."""

    id: str
    parts: list[dict[str, Any]]  # each with kind and parameters
    order_value: dict[str, float] | None
    discount: float
    fitted_until: str
    hold_out: dict[str, float]


def encode_definitions(record: DefinitionsRecord) -> bytes:
    return encode_struct("Definitions", record)


def encode_facts(record: FactsRecord) -> bytes:
    return encode_struct("StoreFacts", record)


def model_record(model: PurchaseModel, time: Instant | None = None) -> OutputRecord:
    """Returns a purchase model as a record with timestamp `time`; None: the broker's clock."""
    value = model.order_value
    packed = PackedModel(
        model.id,
        [
            {"kind": one.kind, "parameters": named_parameters(one.kind, one.parameters)}
            for one in model.parts
        ],
        None if value is None else named_parameters("gamma_gamma", value),
        model.discount,
        model.fitted_until,
        dict(model.hold_out),
    )
    encoded = encode_struct("PurchaseModel", packed)
    return OutputRecord(CONTROL, MODEL_KEY, encoded, partition=0, time=time)


ControlRecord = DefinitionsRecord | FactsRecord | CouponFacts | PurchaseModel


def decode_control(value: bytes) -> ControlRecord | Rejection:
    """Returns the record in a value of `control`, or a rejection."""
    try:
        name, fields = decode_any(value)
    except Undecodable as error:
        return Rejection(str(error))
    if name == "StoreFacts":
        return FactsRecord(**fields)
    if name == "CouponFacts":
        return coupon_facts_in(fields)
    if name == "PurchaseModel":
        return _model_in(PackedModel(**fields))
    if name != "Definitions":
        return Rejection(
            f"{name} is not allowed on control, expected Definitions, StoreFacts, CouponFacts or "
            "PurchaseModel"
        )
    record = DefinitionsRecord(**fields)
    try:
        msgspec.json.decode(record.definitions, type=dict)
    except msgspec.DecodeError as error:
        return Rejection(f"definitions {record.version}: not a JSON object: {error}")
    return record


def _model_in(packed: PackedModel) -> PurchaseModel | Rejection:
    """The model in a record, or a rejection of one that can't be used."""
    value = packed.order_value
    model = PurchaseModel(
        packed.id,
        tuple(
            Part(one["kind"], ordered_parameters(one["kind"], one["parameters"]))
            for one in packed.parts
        ),
        None if value is None else ordered_parameters("gamma_gamma", value),
        packed.discount,
        packed.fitted_until,
        packed.hold_out,
    )
    problems = list(problems_of_model(model))
    if problems:
        return Rejection(f"purchase model {packed.id}: {'; '.join(problems)}")
    return model


def fact_record(fact: DayFact, time: Instant | None = None) -> OutputRecord:
    """Returns the facts of a day as a record with timestamp `time`; None: the broker's clock."""
    record = FactsRecord(
        day_that_ends(fact.day_end),
        fact.values,
        fact.partitions,
        fact.recommendations,
        fact.articles,
    )
    return OutputRecord(
        CONTROL,
        DAY_FACTS_KEY,
        encode_facts(record),
        partition=0,
        time=time,
    )


def read_fact(record: Record) -> DayFact | None:
    """Returns the facts of a day in a record of `control`; None for any other record."""
    if record.key != DAY_FACTS_KEY:
        return None
    found = decode_control(record.value or b"")
    if not isinstance(found, FactsRecord):
        return None
    return DayFact(
        day_end_of(found.day), found.partitions, found.values, found.recommendations, found.articles
    )


def changed_articles_record(changed: list[Article], time: Instant | None = None) -> OutputRecord:
    """Returns changes of articles as a record with timestamp `time`; None: the broker's clock."""
    newest = max(article.reported_at for article in changed)
    day = day_that_ends(newest - newest % DAY + DAY)
    record = FactsRecord(day, {}, changed_articles=packed_articles(changed))
    return OutputRecord(CONTROL, ARTICLE_FACTS_KEY, encode_facts(record), partition=0, time=time)


def read_changed_articles(record: Record) -> list[Article]:
    """Returns the changes of articles in a record of `control`; none for any other record."""
    if record.key != ARTICLE_FACTS_KEY:
        return []
    found = decode_control(record.value or b"")
    if not isinstance(found, FactsRecord) or found.changed_articles is None:
        return []
    return articles_in(found.changed_articles)
