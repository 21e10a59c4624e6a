"""Records of the topic `control` to what decides: definitions compiled once for all tasks."""

import json
import logging
from collections import deque
from typing import Any

from streams.contracts.control import DefinitionsRecord, FactsRecord, decode_control
from streams.engine import (
    RECOMMENDATIONS,
    Definitions,
    Program,
    Recommendations,
    compile_program,
    read_definitions,
)
from streams.errors import Refused
from streams.ports import Facts, Record, Rejection

logger = logging.getLogger(__name__)

MOST_FACTS = 16
"""So many are kept: one a day comes, and what is worked out of it takes megabytes."""

SEMANTICS = (1,)
"""The numbers of the semantics that this engine can decide by: its own and the one before it."""


class Programs:
    """The control reader of a process (ports.ControlReader).

    `control` has one partition that every task reads, so what a record means is worked out once
    and kept by its bytes.
    """

    def __init__(self, facts_kept: int = MOST_FACTS) -> None:
        """`facts_kept`: of so many records of facts it is kept what they mean."""
        empty = read_definitions({})
        assert isinstance(empty, Definitions)
        self._facts_kept = facts_kept
        self._initial = compile_program(empty, version="none")
        self._read: dict[bytes, Program | Facts | Rejection] = {}
        self._facts: deque[bytes] = deque()  # what of it are facts, oldest first

    def initial(self) -> Program:
        """The program of an empty set of definitions."""
        return self._initial

    def read(self, record: Record) -> Program | Facts | Rejection:
        """What holds from this record on. Raises Refused for a set of a newer version."""
        value = record.value or b""
        change = self._read.get(value)
        if change is None:
            change = self._read[value] = _change_of(value)
            if isinstance(change, Facts):
                self._facts.append(value)
                if len(self._facts) > self._facts_kept:
                    del self._read[self._facts.popleft()]
        return change


def _change_of(value: bytes) -> Program | Facts | Rejection:
    record = decode_control(value)
    if isinstance(record, FactsRecord):
        values: dict[str, Any] = dict(record.values)
        if record.recommendations is not None:
            values[RECOMMENDATIONS] = Recommendations(record.recommendations)
        return Facts(values)
    if isinstance(record, DefinitionsRecord):
        if record.semantics not in SEMANTICS:
            # Set aside, it would be in force on newer workers and not on this one (DESIGN 3).
            raise Refused(
                f"definitions {record.version} need semantics {record.semantics}, this version "
                f"knows {', '.join(map(str, SEMANTICS))}: use a newer sendflow"
            )
        definitions = read_definitions(json.loads(record.definitions))
        if isinstance(definitions, Definitions):
            return _compiled(definitions, record)
        return Rejection(
            f"definitions {record.version} have errors: "
            + "; ".join(str(problem) for problem in definitions[:5])
        )
    return record


def _compiled(definitions: Definitions, record: DefinitionsRecord) -> Program | Rejection:
    """A set that can't be compiled is a bug of ours: it's set aside, and the older one decides on,
    rather than stopping every task (PITFALLS 61)."""
    try:
        program = compile_program(definitions, record.version, record.successors)
    except Exception as error:
        logger.exception("definitions %s can't be compiled", record.version)
        return Rejection(f"definitions {record.version} can't be compiled: {error!r}")
    program.coupon_key = record.coupon_key
    logger.info("definitions %s are in force", record.version)
    return program
