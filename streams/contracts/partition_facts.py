"""Records of the topic `partition-facts`: the report of each task for a day that has ended, and its
reports of articles in between.

Always in Avro single-object encoding: only Sendflow writes and reads them.
"""

from typing import Any

import msgspec

from streams.contracts.shipped import encode_struct
from streams.contracts.wire import Undecodable, decode_any
from streams.engine import Instant, articles_in, packed_articles
from streams.engine.values import Distribution
from streams.ports import (
    ArticleReport,
    CouponReport,
    DayReport,
    OutputRecord,
    PoolReport,
    Rejection,
)
from streams.runtime.days import day_end_of, day_that_ends

PARTITION_FACTS = "partition-facts"
HISTORIC = "clv.historic"
"""The value that older versions add up alone, from the field `clv_historic`."""

_encode_buckets = msgspec.msgpack.Encoder().encode
_decode_buckets = msgspec.msgpack.Decoder(dict[int, int]).decode


class PartitionFacts(msgspec.Struct):
    """The record, as its schema has it."""

    partition: int
    day: str  # YYYY-MM-DD (UTC)
    customers: int
    buyers: int
    clv_historic: int
    learned: bytes | None = None
    values: dict[str, dict[str, Any]] = {}  # ValueDistribution
    segments: dict[str, int] = {}


class PackedArticleReport(msgspec.Struct):
    """The record of a report of articles, as its schema has it."""

    partition: int
    at: Instant
    articles: bytes


def report_record(report: DayReport) -> OutputRecord:
    """Returns the record of a report. All are in one partition; the key is the task's number."""
    facts = PartitionFacts(
        report.partition,
        day_that_ends(report.day_end),
        report.customers,
        report.buyers,
        report.values[HISTORIC].total if HISTORIC in report.values else 0,
        report.learned,
        {
            name: {
                "count": one.count,
                "total": one.total,
                "buckets": _encode_buckets(one.buckets),
            }
            for name, one in report.values.items()
        },
        report.segments,
    )
    key = str(report.partition).encode()
    return OutputRecord(PARTITION_FACTS, key, encode_struct("PartitionFacts", facts), partition=0)


def article_report_record(report: ArticleReport) -> OutputRecord:
    """Returns the record of a report of articles."""
    packed = PackedArticleReport(report.partition, report.at, packed_articles(report.articles))
    key = str(report.partition).encode()
    return OutputRecord(PARTITION_FACTS, key, encode_struct("ArticleReport", packed), partition=0)


TaskReport = DayReport | ArticleReport | CouponReport
"""The reports of tasks."""


def read_report(value: bytes) -> TaskReport | Rejection:
    """Returns the report in a record, or a rejection."""
    try:
        name, fields = decode_any(value)
    except Undecodable as error:
        return Rejection(str(error))
    if name == "ArticleReport":
        return ArticleReport(**{**fields, "articles": articles_in(fields["articles"])})
    if name == "CouponReport":
        pools = [PoolReport(**pool) for pool in fields["pools"]]
        return CouponReport(fields["partition"], fields["at"], pools)
    if name != "PartitionFacts":
        return Rejection(
            f"{name} is not allowed on {PARTITION_FACTS}, expected PartitionFacts, ArticleReport "
            "or CouponReport"
        )
    try:
        day_end = day_end_of(fields["day"])
        values = {
            name: Distribution(one["count"], one["total"], _decode_buckets(one["buckets"]))
            for name, one in fields["values"].items()
        }
    except (ValueError, msgspec.MsgspecError) as error:
        return Rejection(f"day or values: {error}")
    if not values and fields["buyers"]:  # of an older version: its mean is known, no quantiles
        values[HISTORIC] = Distribution(fields["buyers"], fields["clv_historic"])
    return DayReport(
        fields["partition"],
        day_end,
        fields["customers"],
        fields["buyers"],
        values,
        fields["learned"],
        fields["segments"],
    )
