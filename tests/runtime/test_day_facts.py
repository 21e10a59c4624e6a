"""Reports of tasks are added up to one fact a day, whatever order they come in, and come again."""

import itertools

import pytest

from streams.engine import Article
from streams.engine.values import DAY, Distribution
from streams.ports import ArticleReport, DayReport
from streams.runtime.day_facts import DayFact, ReportAggregator


def report(
    partition: int, day: int, customers: int = 1, buyers: int = 1, clv: int = 0
) -> DayReport:
    values = Distribution()
    for number in range(buyers):
        values.add(clv // buyers + (number < clv % buyers))
    return DayReport(partition, day * DAY, customers, buyers, {"clv.historic": values})


def days(adding: ReportAggregator, *reports: DayReport) -> list[tuple[int, float]]:
    """(day, customers) of all that was complete after each of the reports."""
    found = []
    for one in reports:
        adding.add(one)
        found += [(fact.day_end // DAY, fact.values["customers"]) for fact in adding.complete()]
    return found


def test_a_day_is_complete_when_every_task_has_reported_it() -> None:
    adding = ReportAggregator(2)
    assert days(adding, report(0, 1, 3)) == []
    assert days(adding, report(1, 1, 4)) == [(1, 7)]
    assert adding.last_day_end == DAY


def test_for_a_skipped_day_the_previous_report_of_a_task_counts() -> None:
    adding = ReportAggregator(2)
    days(adding, report(0, 1, 3), report(1, 1, 4))
    assert days(adding, report(0, 2, 5)) == []
    assert days(adding, report(1, 3, 9)) == [(2, 5 + 4)]
    assert days(adding, report(0, 4, 6)) == [(3, 5 + 9)]


def test_before_its_first_report_a_task_counts_zero() -> None:
    assert days(ReportAggregator(2), report(0, 1, 3), report(0, 2, 3), report(1, 2, 4)) == [
        (1, 3),
        (2, 7),
    ]


def test_days_without_any_report_are_left_out() -> None:
    assert days(ReportAggregator(1), report(0, 1), report(0, 30)) == [(1, 1), (30, 1)]


def test_a_report_that_comes_again_changes_nothing() -> None:
    adding = ReportAggregator(2)
    found = days(adding, report(0, 1, 3), report(0, 1, 3), report(1, 1, 4), report(1, 1, 4))
    assert found == [(1, 7)]
    assert days(adding, report(0, 1, 3), report(0, 2, 5), report(1, 2, 6)) == [(2, 11)]


@pytest.mark.parametrize("done", range(5))
def test_a_restarted_agent_resumes_after_the_newest_fact(done: int) -> None:
    told = [report(number, day, 10 * day + number) for day in range(1, 5) for number in range(2)]
    whole = days(ReportAggregator(2), *told)
    assert len(whole) == 4
    assert (
        days(ReportAggregator(2, DayFact(done * DAY, 2, {}) if done else None), *told)
        == whole[done:]
    )


def test_the_order_among_tasks_is_of_no_account() -> None:
    by_task = [[report(number, day, day + number) for day in (1, 2, 4)] for number in range(3)]
    expected = days(ReportAggregator(3), *itertools.chain(*by_task))
    assert [day for day, _ in expected] == [1, 2, 4]
    assert (
        days(ReportAggregator(3), *(one for day in zip(*by_task, strict=True) for one in day))
        == expected
    )


def test_a_task_of_a_time_with_more_partitions_is_left_out() -> None:
    assert days(ReportAggregator(1), report(1, 1), report(0, 1)) == [(1, 1)]


def test_figures_are_over_customers_with_orders() -> None:
    adding = ReportAggregator(2)
    adding.add(report(0, 1, customers=5, buyers=2, clv=41))
    adding.add(report(1, 1, customers=4, buyers=1, clv=3))
    [fact] = adding.complete()
    assert fact.values == {
        "customers": 9.0,
        "buyers": 3.0,
        "clv.historic.mean": 44 / 3,
        **{f"clv.historic.p{percent}": 3.0 for percent in (10, 20, 25)},
        **{f"clv.historic.p{percent}": 20.0 for percent in (40, 50, 60)},
        **{f"clv.historic.p{percent}": 21.0 for percent in (75, 80, 90)},
    }


def test_values_but_amounts_are_added_as_integers() -> None:
    adding = ReportAggregator(1)
    risks = Distribution()
    risks.add(2_500)
    risks.add(5_000)
    adding.add(DayReport(0, DAY, 2, 2, {"churn_risk": risks}))
    [fact] = adding.complete()
    assert fact.values["churn_risk.mean"] == 0.375
    assert fact.values["churn_risk.p90"] == pytest.approx(0.5, rel=0.01)


def test_without_any_order_there_are_no_figures_of_values() -> None:
    adding = ReportAggregator(1)
    adding.add(report(0, 1, customers=5, buyers=0))
    assert [fact.values for fact in adding.complete()] == [{"customers": 5.0, "buyers": 0.0}]


def test_a_report_of_an_older_version_has_a_mean_alone() -> None:
    adding = ReportAggregator(2)
    adding.add(DayReport(0, DAY, 1, 1, {"clv.historic": Distribution(2, 100)}))
    adding.add(report(1, 1, buyers=1, clv=20))
    [fact] = adding.complete()
    assert fact.values == {"customers": 2.0, "buyers": 2.0, "clv.historic.mean": 40.0}


def test_reports_of_articles_from_a_complete_day_are_part_of_its_facts() -> None:
    lamp, vase = (Article(sku, 0, DAY, True, sku, 1, "GBP") for sku in ("lamp", "vase"))
    adding = ReportAggregator(1, DayFact(DAY, 1, {}))
    adding.add_articles(ArticleReport(0, DAY - 1, [lamp]))  # before the agent restarted
    adding.add_articles(ArticleReport(0, DAY, [vase]))
    assert adding.articles.take_changed() == [vase]
