"""Records of the topic `partition-facts`: the report of each task for a day that has ended, and its
reports of articles in between.

Always in Avro single-object encoding: only Sendflow writes and reads them.
"""

import msgspec

from streams.contracts.shipped import encode_struct
from streams.contracts.wire import Undecodable, decode_any
from streams.engine import Instant, articles_in, packed_articles
from streams.ports import ArticleReport, DayReport, OutputRecord, Rejection
from streams.runtime.days import day_end_of, day_that_ends

PARTITION_FACTS = "partition-facts"


class PartitionFacts(msgspec.Struct):
    """The record, as its schema has it."""

    partition: int
    day: str  # YYYY-MM-DD (UTC)
    customers: int
    buyers: int
    clv_historic: int
    learned: bytes | None = None


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
        report.clv_historic,
        report.learned,
    )
    key = str(report.partition).encode()
    return OutputRecord(PARTITION_FACTS, key, encode_struct("PartitionFacts", facts), partition=0)


def article_report_record(report: ArticleReport) -> OutputRecord:
    """Returns the record of a report of articles."""
    packed = PackedArticleReport(report.partition, report.at, packed_articles(report.articles))
    key = str(report.partition).encode()
    return OutputRecord(PARTITION_FACTS, key, encode_struct("ArticleReport", packed), partition=0)


def read_report(value: bytes) -> DayReport | ArticleReport | Rejection:
    """Returns the report in a record, or a rejection."""
    try:
        name, fields = decode_any(value)
    except Undecodable as error:
        return Rejection(str(error))
    if name == "ArticleReport":
        return ArticleReport(**{**fields, "articles": articles_in(fields["articles"])})
    if name != "PartitionFacts":
        return Rejection(
            f"{name} is not allowed on {PARTITION_FACTS}, expected PartitionFacts or ArticleReport"
        )
    try:
        day_end = day_end_of(fields.pop("day"))
    except ValueError as error:
        return Rejection(f"day: {error}")
    return DayReport(day_end=day_end, **fields)
