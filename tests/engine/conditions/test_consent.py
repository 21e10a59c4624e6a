from tests.engine.conditions.asking import Asked


def test_unknown_is_no() -> None:
    asked = Asked({"consent": "email"})
    assert asked.at() == (False, None)
    assert asked.profile(consent=["sms"]).at() == (False, None)
    assert asked.profile(consent=["sms", "email"]).at() == (True, None)


def test_what_is_suppressed_may_not_be_written_to() -> None:
    asked = Asked({"consent": "email"}).profile(consent=["email"])
    asked.state.suppressed["email"] = ["unsubscribed"]
    assert asked.at() == (False, None)
    assert asked.evidence() == {"consent email": False, "suppressed email": ["unsubscribed"]}


def test_a_channel_must_be_one() -> None:
    assert Asked({"consent": "letter"}).said() == [
        ("consent", "expected a channel, found 'letter'")
    ]
