"""A model in force is replaced by one that is as good, and kept otherwise."""

import msgspec
import pytest

from streams.engine.forecast import Part, PurchaseModel
from streams.value.order_history import CustomerOrders, order_history
from streams.value.refit import refit
from tests.value.cdnow import sample_by_day

OLD = PurchaseModel(
    "old",
    (Part("bg_nbd", (0.243, 30.9, 0.793, 2.426)),),
    order_value=(6.25, 3.74, 1544.0),
    discount=0.1,
)


def test_one_as_good_takes_its_place():
    found = refit(sample_by_day(), OLD)
    assert found.model is not None, found.reason
    assert found.model.discount == 0.1
    assert found.model.parts[0].kind == "bg_nbd"
    assert "RMSE" in found.reason


def test_a_mean_stays_a_mean():
    parts = (*OLD.parts, Part("window_before"))
    found = refit(sample_by_day(), msgspec.structs.replace(OLD, parts=parts))
    assert found.model is not None, found.reason
    assert [one.kind for one in found.model.parts] == ["bg_nbd", "window_before"]


def test_the_old_one_is_kept_if_the_new_one_is_worse(monkeypatch):
    monkeypatch.setattr("streams.value.refit.WORSE", 0.5)  # no fit halves the error
    found = refit(sample_by_day(), OLD)
    assert found.model is None
    assert found.reason.startswith("the new fit is worse: RMSE")


def test_the_old_one_is_kept_if_there_is_too_little_to_fit():
    history = order_history(CustomerOrders(f"c{n}", [100 + n, 150 + n], [5, 5]) for n in range(5))
    found = refit(history, OLD)
    assert found.model is None
    assert "expected at least 10" in found.reason


def test_the_old_one_is_kept_if_the_new_one_has_no_maximum(monkeypatch):
    monkeypatch.setattr(
        "streams.value.fit._relative_errors", lambda _, best, __: [None] * len(best)
    )
    found = refit(sample_by_day(), OLD)
    assert found.model is None
    assert "no standard errors" in found.reason


@pytest.fixture(autouse=True)
def _only_one_start(monkeypatch):
    """Faster: these fits begin near their maximum."""
    from streams.value import fit

    monkeypatch.setattr(fit, "STARTS", {kind: starts[:1] for kind, starts in fit.STARTS.items()})


def test_one_that_knows_the_last_quarter_is_compared_with_one_that_does(monkeypatch):
    """Else the new one would be the worse one each week."""
    history = sample_by_day()
    first = refit(history, OLD).model
    assert first is not None
    monkeypatch.setattr("streams.value.refit.WORSE", 1.0)
    assert refit(history, first).model == first
