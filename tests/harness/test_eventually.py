import pytest

from tests.harness.eventually import eventually


def test_the_answer_is_returned_as_soon_as_it_is_true():
    answers = iter([0, None, "", "here"])
    assert eventually(lambda: next(answers), every=0) == "here"


def test_a_condition_that_never_holds_fails_with_its_message_and_last_answer():
    with pytest.raises(AssertionError, match=r"no record came.*0 s.*last answer: \[\]"):
        eventually(list, within=0, message="no record came")


def test_an_assertion_is_not_yet_and_ends_up_in_the_failure():
    def two_records():
        assert len([1]) == 2, "one record"

    with pytest.raises(AssertionError, match="it said: one record"):
        eventually(two_records, within=0)
