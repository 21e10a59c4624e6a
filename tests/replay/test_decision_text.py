"""Every outcome and reason of SEMANTICS 5.5 has a decision_text, and it says what decided.
That every decision of every case has one is held by tests/cases."""

from zoneinfo import ZoneInfo

import pytest

from streams.engine.effects import Outcome
from streams.replay.decision_text import DECISION_TEXTS, decision_text
from streams.replay.judged_condition import JudgedCondition
from streams.replay.words import Words

LONDON = Words(ZoneInfo("Europe/London"))
AT = 1_299_060_000_000  # 2011-03-02 10:00 in London
HOUR = 3_600_000

REASONS = {
    Outcome.NOT_ENTERED: "profile_filter re_entry already_in_flow missing_key known_order "
    "stale too_old exit_on flow_paused loop",
    Outcome.HELD: "quiet_hours flow_paused no_profile_yet smart_sending frequency_cap",
    Outcome.SKIPPED: "expired profile_filter message_filter no_recipient bad_recipient no_consent "
    "topic_left suppressed smart_sending frequency_cap no_items no_coupon",
    Outcome.COUPON: "given kept no_coupon",
    Outcome.EXITED: "finished exit_on exit restarted step_removed date_changed archived erased",
}
"""SEMANTICS 5.5; the others have no reason, and `branch` has the side taken."""

ALL = [
    *((outcome, reason) for outcome, reasons in REASONS.items() for reason in reasons.split()),
    *((outcome, "") for outcome in Outcome if outcome not in {*REASONS, Outcome.BRANCH}),
    *((Outcome.BRANCH, side) for side in ("then", "else", "timeout", "missing", "a path's name")),
]


@pytest.mark.parametrize(("outcome", "reason"), ALL)
def test_every_reason_has_a_sentence_even_without_evidence(outcome, reason):
    assert len(decision_text(outcome, reason, {}, LONDON)) > 3


def test_the_table_holds_no_reason_that_the_semantics_lack():
    table = {(outcome, reason) for outcome, reasons in DECISION_TEXTS.items() for reason in reasons}
    assert table == {pair for pair in ALL if pair[0] is not Outcome.BRANCH}


def test_every_sentence_about_a_message_that_was_not_sent_begins_so():
    for reason in REASONS[Outcome.SKIPPED].split():
        assert decision_text(Outcome.SKIPPED, reason, {}, LONDON).startswith("not sent: ")
    for reason in REASONS[Outcome.NOT_ENTERED].split():
        assert decision_text(Outcome.NOT_ENTERED, reason, {}, LONDON).startswith("not entered: ")


@pytest.mark.parametrize(
    ("outcome", "reason", "evidence", "says"),
    [
        (
            Outcome.SKIPPED,
            "smart_sending",
            {
                "channel": "email",
                "earlier_flow": "cart-recovery",
                "earlier_step": "cart-reminder",
                "earlier_sent_at": AT,
                "window_ms": 16 * HOUR,
                "free_at": AT + 16 * HOUR,
            },
            "not sent: Smart Sending: cart-recovery sent cart-reminder by email at "
            "Wed 2011-03-02 10:00:00, less than 16h before; next possible Thu 2011-03-03 02:00:00",
        ),
        (
            Outcome.SKIPPED,
            "suppressed",
            {"channel": "email", "causes": ["hard_bounce", "complaint"]},
            "not sent: email is suppressed: hard bounce (address does not exist), spam complaint",
        ),
        (
            Outcome.SKIPPED,
            "frequency_cap",
            {"at_most": 1, "channels": ["sms"], "window_ms": None, "sent_at": [AT]},
            "not sent: cap of 1 on one day (sms) reached; sent at Wed 2011-03-02 10:00:00",
        ),
        (
            Outcome.NOT_ENTERED,
            "too_old",
            {"occurred_at": AT, "age_ms": 5 * HOUR, "max_event_age_ms": 4 * HOUR},
            "not entered: event of Wed 2011-03-02 10:00:00 arrived 5h later; limit 4h "
            "(max_event_age)",
        ),
        (
            Outcome.NOT_ENTERED,
            "re_entry",
            {"re_entry": "never", "last_entry_at": AT},
            "not entered: entered at Wed 2011-03-02 10:00:00, re_entry: never",
        ),
        (
            Outcome.HELD,
            "quiet_hours",
            {"quiet_from": "21:00", "quiet_to": "08:00", "timezone": "UTC", "until": AT},
            "held: quiet hours from 21:00 to 08:00; evaluated again at Wed 2011-03-02 10:00:00",
        ),
        (
            Outcome.HELD,
            "quiet_hours",
            {"timezone": "UTC", "until": AT, "quiet_days": ["2011-02-28", "2011-03-01"]},
            "held: quiet days 2011-02-28, 2011-03-01; evaluated again at Wed 2011-03-02 10:00:00",
        ),
        (
            Outcome.EXITED,
            "exit_on",
            {
                "metric": "order.placed",
                "event_id": "e",
                "occurred_at": AT + 1,
                "triggered_at": AT - HOUR,
                "waited_until": AT + HOUR,
                "last_sent_step": "cart-reminder",
                "last_sent_at": AT,
            },
            "exited by order.placed at Wed 2011-03-02 10:00:00; last message cart-reminder at "
            "Wed 2011-03-02 10:00:00; next step was due Wed 2011-03-02 11:00:00",
        ),
        (
            Outcome.COUPON,
            "given",
            {"pool": "ten", "code": "A1", "given_at": AT - HOUR, "expires_at": AT},
            "coupon assigned: A1 of ten, valid until Wed 2011-03-02 10:00:00",
        ),
        (
            Outcome.COUPON,
            "kept",
            {"pool": "ten", "code": "A1", "given_at": AT, "expires_at": None},
            "coupon kept: A1 of ten, no expiry",
        ),
        (
            Outcome.COUPON,
            "no_coupon",
            {"pool": "ten"},
            "no codes of ten left in this partition",
        ),
        (
            Outcome.SKIPPED,
            "no_coupon",
            {"pool": "ten"},
            "not sent: no codes of ten left in this partition",
        ),
        (
            Outcome.BRANCH,
            "then",
            {"count order.placed": 1},
            "the condition holds (count order.placed 1): 'then'",
        ),
        (
            Outcome.EXITED,
            "exit",
            {"reason": "nothing in stock"},
            "ended by an exit step: nothing in stock",
        ),
        (
            Outcome.NOT_ENTERED,
            "loop",
            {"running_journeys": 1_000},
            "not entered: 1,000 active journeys, limit reached",
        ),
        (
            Outcome.FORGOTTEN,
            "",
            {"bytes": 263_000, "forgotten": {"view.item": 1_200}, "history_since": AT},
            "oldest events dropped (1,200 view.item): state reached 263,000 bytes; history "
            "complete since Wed 2011-03-02 10:00:00",
        ),
    ],
)
def test_a_sentence_says_what_decided(outcome, reason, evidence, says):
    assert decision_text(outcome, reason, evidence, LONDON) == says


@pytest.mark.parametrize(
    ("judged", "reason", "evidence", "says"),
    [
        (
            JudgedCondition("if", "trigger total gt 100"),
            "else",
            {"trigger total": "22.20"},
            "'trigger total gt 100' does not hold (trigger total 22.20): 'else'",
        ),
        (
            JudgedCondition("wait_for", "metric order.fulfilled"),
            "then",
            {"metric": "order.fulfilled", "event_id": "e", "occurred_at": AT},
            "'metric order.fulfilled' met (metric order.fulfilled; occurred_at "
            "Wed 2011-03-02 10:00:00): 'then'",
        ),
        (
            JudgedCondition("wait_for", "metric order.fulfilled"),
            "timeout",
            {"timeout_at": AT},
            "timeout: 'metric order.fulfilled' not met by Wed 2011-03-02 10:00:00",
        ),
        (
            JudgedCondition("branch", "consent sms"),
            "then",
            {"way": 2, "consent": ["sms"]},
            "'consent sms' holds (consent sms): branch 2",
        ),
        (
            JudgedCondition("branch", "consent sms, consent push"),
            "else",
            {},
            "none of 'consent sms, consent push' holds: 'else'",
        ),
        (
            JudgedCondition("sample"),
            "a",
            {"fresh": False},
            "path 'a' (fixed draw of the customer)",
        ),
    ],
)
def test_the_condition_of_a_step_is_shown_as_it_was_written(judged, reason, evidence, says):
    assert decision_text(Outcome.BRANCH, reason, evidence, LONDON, judged) == says


def test_a_filter_is_shown_as_it_was_written():
    judged = JudgedCondition("filter", "not (segment wholesale)")
    text = decision_text(
        Outcome.SKIPPED, "profile_filter", {"segment wholesale": True}, LONDON, judged
    )
    assert text == (
        "not sent: flow filter no longer holds (segment wholesale yes); "
        "condition: not (segment wholesale)"
    )


@pytest.mark.parametrize(
    ("outcome", "reason", "evidence", "says"),
    [
        (
            Outcome.BRANCH,
            "else",
            {"count view.item": 1},
            "the condition does not hold (count view.item 1): 'else'",
        ),
        (Outcome.ENTERED, "", {"metric": "order.placed"}, "entered: order.placed"),
        (
            Outcome.SKIPPED,
            "profile_filter",
            {"count view.item": 1},
            "not sent: flow filter no longer holds (count view.item 1)",
        ),
    ],
)
def test_rule_3_7_a_sentence_says_since_when_the_past_is_known(outcome, reason, evidence, says):
    assert decision_text(outcome, reason, {**evidence, "history_since": AT}, LONDON) == (
        f"{says}; history is incomplete before Wed 2011-03-02 10:00:00"
    )


def test_times_are_the_customers():
    in_tokyo = Words(ZoneInfo("Asia/Tokyo"))
    assert in_tokyo.moment(AT) == "Wed 2011-03-02 19:00:00"
    assert LONDON.moment(AT + 7) == "Wed 2011-03-02 10:00:00"


def test_joining_a_segment_on_values_shows_value_figure_and_model():
    evidence = {
        "segment": "low-clv",
        "value clv.total": "31.20",
        "clv.total.mean": "123.46",
        "model": "bg_nbd-2011-08-31",
    }
    assert decision_text(Outcome.ENTERED, "", evidence, LONDON) == (
        "entered: joined segment low-clv (value clv.total 31.20; clv.total.mean 123.46; "
        "model bg_nbd-2011-08-31)"
    )
    assert decision_text(Outcome.ENTERED, "", {"segment": "vip"}, LONDON) == (
        "entered: joined segment vip"
    )
