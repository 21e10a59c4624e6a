"""`{coupons: POOL, left: {lt: 100}}`: how many loaded codes of a pool are left in the whole store
(SEMANTICS 7.1)."""

from collections.abc import Iterator

import msgspec

from streams.engine.conditions.comparison import Comparison, compile_comparison
from streams.engine.conditions.truth import Condition, Evidence, EvidenceFunction, Truth
from streams.engine.customer import Situation
from streams.engine.language import Scope
from streams.engine.values import FieldType, Identifier, Problem, left_fact, unknown_name


class Definition(msgspec.Struct, frozen=True, kw_only=True):
    """Compares the number of codes left in a coupon pool.

    `coupons`: the pool, whose codes are loaded
    `left`: comparison with the number of codes left, in all partitions
    """

    coupons: Identifier
    left: Comparison


def check(definition: Definition, scope: Scope) -> Iterator[Problem]:
    """The pool exists and its codes are loaded; the comparison is one of a number."""
    name = definition.coupons
    if name not in scope.coupons:
        yield unknown_name(("coupons",), "coupon pool", name, scope.coupons)
        return
    pool = scope.coupons[name]
    if pool is not None and pool.rule is not None:
        message = f"{name!r} generates its codes by rule: they never run out"
        yield Problem(("coupons",), message)
    problems: list[Problem] = []
    compile_comparison(definition.left, FieldType.NUMBER, "'left'", scope, ("left",), problems)
    yield from problems


def compile(definition: Definition, scope: Scope) -> Condition:  # noqa: A001 - same name in each
    """A store fact; before it is known, every comparison but `exists: false` is false."""
    fact = left_fact(definition.coupons)
    scope.reads.facts.add(fact)
    passes = compile_comparison(definition.left, FieldType.NUMBER, "'left'", scope, ("left",), [])

    def judge(situation: Situation) -> Truth:
        return passes(situation.facts.get(fact), situation), None

    return judge


def evidence(definition: Definition, scope: Scope) -> EvidenceFunction:
    """The number."""
    fact = left_fact(definition.coupons)
    return lambda situation: Evidence({fact: situation.facts.get(fact)})
