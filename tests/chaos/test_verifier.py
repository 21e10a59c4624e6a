"""The verifier of the storm notices what a storm could do (PITFALLS 70)."""

from tests.chaos.verifier import Command, Happened, differences

EVENTS = [
    Happened("order.placed", "ada", "1"),
    Happened("cart.updated", "ada", "2"),
    Happened("order.placed", "bob", "3"),
    Happened("order.placed", "ada", "4"),
    Happened("order.placed", "ada", "5"),
    Happened("order.placed", "ada", "6"),
]
COMMANDS = [
    Command("a", "ada", "thanks", "1"),
    Command("b", "ada", "cart", "2"),
    Command("c", "bob", "thanks", "3"),
    Command("d", "ada", "thanks", "4"),
    Command("e", "ada", "third", "5"),
    Command("f", "ada", "thanks", "5"),
    Command("g", "ada", "thanks", "6"),
]
STATES = {"ada": 4, "bob": 1}


def said(commands: list[Command], states: dict[str, int] | None = None) -> list[str]:
    return list(differences(EVENTS, commands, STATES if states is None else states))


def test_pitfall_70_all_is_well() -> None:
    assert said(COMMANDS) == []
    assert said(COMMANDS[::-1]) == []


def test_pitfall_70_a_lost_command() -> None:
    assert said(COMMANDS[1:]) == ["lost: ('ada', 'thanks', '1')"]


def test_pitfall_70_a_doubled_command() -> None:
    again = Command("h", "ada", "cart", "2")
    assert said([*COMMANDS, again]) == ["doubled: ('ada', 'cart', '2')"]
    assert said([*COMMANDS, COMMANDS[1]]) == [
        "doubled: ('ada', 'cart', '2')",
        "2 commands have the id b",
    ]


def test_pitfall_70_an_event_that_was_applied_twice() -> None:
    early = Command("e", "ada", "third", "4")
    torn = [early if command.template == "third" else command for command in COMMANDS]
    assert said(torn, {"ada": 5, "bob": 1}) == [
        "lost: ('ada', 'third', '5')",
        "never to be sent: ('ada', 'third', '4')",
        "the state of ada knows of 5 orders, there were 4",
    ]


def test_pitfall_70_a_transaction_of_which_only_the_commands_are_there() -> None:
    assert said(COMMANDS, {"ada": 4}) == ["the state of bob knows of 0 orders, there were 1"]


def test_pitfall_70_what_was_aborted_and_is_to_be_seen() -> None:
    aborted = Command("z", "eve", "thanks", "99")
    assert said([*COMMANDS, aborted]) == ["never to be sent: ('eve', 'thanks', '99')"]
