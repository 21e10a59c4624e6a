"""`Programs`: what the records of `control` mean, read once per process for all its tasks: compiled
definitions, store facts, or a rejection."""

import json
import logging
import threading
from collections import deque
from typing import Any

from streams.contracts.control import DefinitionsRecord, FactsRecord, decode_control
from streams.engine import (
    CATALOGUE,
    RECOMMENDATIONS,
    Catalogue,
    Definitions,
    Program,
    Recommendations,
    articles_in,
    compile_program,
    read_definitions,
    read_published,
)
from streams.engine.customer import MODEL
from streams.engine.forecast import PurchaseModel
from streams.engine.values import is_left_fact, left_fact
from streams.errors import Refused
from streams.ports import CouponFacts, Facts, Record, Rejection

logger = logging.getLogger(__name__)

MOST_FACTS = 16
"""Cached facts by default: one comes per day, and its recommendations take megabytes."""

SEMANTICS = (1, 2)
"""Versions of the semantics whose sets this engine reads. It decides by the newest, which its sets
are published with, so that workers of an earlier version end instead of deciding by other rules
(DESIGN 3). 2: equal moments, orders by id, feedback by message, carts told late, dates that move,
messages held until a profile or a channel is free."""


class Programs:
    """The control reader of a process (ports.ControlReader).

    `control` has one partition that every task reads, so each record is read once and cached by its
    bytes. Thread safe: a worker reads a record in a thread before its tasks do.
    """

    def __init__(self, facts_kept: int = MOST_FACTS) -> None:
        """`facts_kept`: maximum number of cached facts."""
        empty = read_definitions({})
        assert isinstance(empty, Definitions)
        self._facts_kept = facts_kept
        self._initial = compile_program(empty, version="none")
        self._read: dict[bytes, Program | Facts | Rejection] = {}
        self._lock = threading.Lock()
        # The cached facts of each kind, oldest first.
        self._facts: deque[bytes] = deque()
        self._changes: deque[bytes] = deque()  # of articles
        self._coupons: deque[bytes] = deque()

    def initial(self) -> Program:
        """The program of an empty set of definitions."""
        return self._initial

    def read(self, record: Record) -> Program | Facts | Rejection:
        """The program or facts in force from this record on. Raises Refused for a set of a newer
        version."""
        value = record.value or b""
        change = self._read.get(value)
        return self._keep(value, _change_of(value)) if change is None else change

    def _keep(
        self, value: bytes, change: Program | Facts | Rejection
    ) -> Program | Facts | Rejection:
        with self._lock:  # never during a compilation: a task may be reading another record
            kept = self._read.setdefault(value, change)
            if kept is change and isinstance(change, Facts):
                facts = self._kind_of(change)
                facts.append(value)
                if len(facts) > self._facts_kept:
                    del self._read[facts.popleft()]
        return kept

    def _kind_of(self, change: Facts) -> deque[bytes]:
        """Facts that come in between push none of the large ones of a day out of the cache."""
        if change.changed_articles:
            return self._changes
        if change.coupon_moves or all(map(is_left_fact, change.values)):
            return self._coupons
        return self._facts


def _change_of(value: bytes) -> Program | Facts | Rejection:
    record = decode_control(value)
    if isinstance(record, FactsRecord):
        values: dict[str, Any] = dict(record.values)
        if record.recommendations is not None:
            values[RECOMMENDATIONS] = Recommendations(record.recommendations)
        if record.articles is not None:
            values[CATALOGUE] = Catalogue(record.articles)
        changed = record.changed_articles
        return Facts(values, [] if changed is None else articles_in(changed))
    if isinstance(record, PurchaseModel):
        return Facts({MODEL: record})
    if isinstance(record, CouponFacts):
        left = {left_fact(pool): number for pool, number in record.left.items()}
        return Facts(left, coupon_moves=record.moves)
    if isinstance(record, DefinitionsRecord):
        if record.semantics not in SEMANTICS:
            # Rejected here, it would still be in force on newer workers (DESIGN 3).
            raise Refused(
                f"definitions {record.version} need semantics {record.semantics}, supported: "
                f"{', '.join(map(str, SEMANTICS))}; upgrade sendflow"
            )
        definitions = read_published(json.loads(record.definitions))
        if isinstance(definitions, Definitions):
            return _compiled(definitions, record)
        return Rejection(
            f"definitions {record.version} have errors: "
            + "; ".join(str(problem) for problem in definitions[:5])
        )
    return record


def _compiled(definitions: Definitions, record: DefinitionsRecord) -> Program | Rejection:
    """Compiles a set. A failure is a bug of ours: the set is rejected and the previous one stays in
    force, rather than stopping every task (PITFALLS 61)."""
    try:
        program = compile_program(definitions, record.version, record.successors)
    except Exception as error:
        logger.exception("definitions %s failed to compile", record.version)
        return Rejection(f"definitions {record.version} failed to compile: {error!r}")
    program.coupon_key = record.coupon_key
    earlier = "" if record.semantics == SEMANTICS[-1] else f" (semantics {record.semantics})"
    logger.info("definitions %s%s are in force", record.version, earlier)
    return program
