"""Reports of articles become facts: each change once, those of a day all together."""

from streams.engine import Article, articles_in
from streams.ports import ArticleReport
from streams.runtime.article_facts import ArticleFacts


def article(sku: str, reported_at: int, price: int = 1) -> Article:
    return Article(sku, 0, reported_at, True, sku, price, "GBP")


def report(*articles: Article) -> ArticleReport:
    return ArticleReport(0, articles[0].reported_at, list(articles))


def test_changes_are_told_once() -> None:
    facts = ArticleFacts()
    facts.add(report(article("A", 1), article("B", 1)))
    facts.add(report(article("A", 2, 7)))
    assert facts.take_changed() == [article("A", 2, 7), article("B", 1)]
    assert facts.take_changed() == []


def test_after_a_restart_reports_that_are_read_again_change_nothing() -> None:
    facts = ArticleFacts([article("A", 1), article("A", 3, 7)])
    for at, price in ((1, 1), (2, 5), (3, 7)):
        facts.add(report(article("A", at, price)))
    assert facts.take_changed() == []
    facts.add(report(article("A", 4, 8)))
    assert facts.take_changed() == [article("A", 4, 8)]


def test_the_facts_of_a_day_hold_all_recommended_articles_and_no_others() -> None:
    facts = ArticleFacts([article("A", 1), article("B", 1)])
    facts.add(report(article("A", 2)))
    packed = facts.close_day({"A", "C"})
    assert packed is not None
    assert articles_in(packed) == [article("A", 2)]
    assert facts.take_changed() == []
    assert facts.close_day({"C"}) is None


def test_the_order_in_which_tasks_report_makes_no_difference() -> None:
    of_tasks = [report(article("B", 1)), report(article("C", 1), article("A", 1))]
    one, other = ArticleFacts(), ArticleFacts()
    for facts, reports in ((one, of_tasks), (other, of_tasks[::-1])):
        for told in reports:
            facts.add(told)
    assert one.take_changed() == other.take_changed()
    assert one.close_day("ABC") == other.close_day("ABC") is not None
