from typing import Any

import pytest

from streams.engine import history_gaps
from streams.engine.compiling.history_gap import HistoryGap
from streams.engine.values.duration import DAY
from tests.harness.customer import flow, program_of, send

VIEW = "view.item"
HISTORY = {"history": {"keep": "30d"}}


def asked(before: dict[str, Any], now: dict[str, Any]) -> list[HistoryGap]:
    """History gaps when a flow with the filter `now` follows one with `before`."""
    sets = [
        program_of(flow(send(), on="order.placed", filter=one), version=str(nth), store=HISTORY)
        for nth, one in enumerate((before, now))
    ]
    return list(history_gaps(*sets))


def views(**question: Any) -> dict[str, Any]:
    return {"count": VIEW, "at_least": "1", **question}


@pytest.mark.parametrize(("days", "is_said"), [(29, False), (30, False), (31, True)])
def test_rule_3_7_conditions_on_kept_history_give_no_warning(days: int, is_said: bool) -> None:
    said = asked(views(in_last="1d"), views(in_last=f"{days}d"))
    assert said == ([HistoryGap(VIEW, 31 * DAY, 30 * DAY)] if is_said else [])


def test_rule_3_7_flows_may_keep_more_than_history_says() -> None:
    assert asked(views(in_last="60d"), views(in_last="60d")) == []
    assert asked(views(in_last="60d"), views(in_last="61d")) == [
        HistoryGap(VIEW, 61 * DAY, 60 * DAY)
    ]


def test_rule_3_7_all_time_is_further_back_than_any_window() -> None:
    everything = views(where={"sku": "A"})
    (said,) = asked(views(in_last="60d", where={"sku": "A"}), everything)
    assert said == HistoryGap(VIEW, None, 60 * DAY)
    assert said.is_longer
    assert asked(everything, views(in_last="90d", where={"sku": "A"})) == []


def test_rule_3_7_a_field_that_was_not_kept_is_named() -> None:
    (said,) = asked(views(in_last="7d"), views(in_last="7d", where={"category": "hats"}))
    assert said == HistoryGap(VIEW, 7 * DAY, 30 * DAY, ("category",))
    assert not said.is_longer
    assert asked(views(in_last="7d"), views(in_last="1d", where={"category": "hats"})) == []


def test_rule_3_7_the_number_of_all_is_always_there() -> None:
    assert asked(views(in_last="7d"), views()) == []


def test_rule_3_7_a_metric_that_is_new_has_no_past() -> None:
    metrics = [{"metric": "quiz.done", "fields": {"score": "number"}}]
    question = {"count": "quiz.done", "where": {"score": "1"}, "at_least": "1"}
    before = program_of(flow(send()), store=HISTORY)
    now = program_of(flow(send(), filter=question), store=HISTORY, metrics=metrics)
    assert list(history_gaps(before, now)) == []
