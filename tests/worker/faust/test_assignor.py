"""The assignment of a predecessor, for a worker that returns at another address."""

from types import SimpleNamespace
from typing import Any

import pytest
from faust.assignor.client_assignment import ClientAssignment, ClientMetadata

from streams.worker.faust.assignor import Assignor

HERE, BEFORE, OTHER = "http://a:2", "http://a:1", "http://b:1"


def assignor() -> Any:
    tables = SimpleNamespace(changelog_topics={"changelog"})
    app: Any = SimpleNamespace(tables=tables, conf=SimpleNamespace(canonical_url=HERE))
    return Assignor(app)


def assigned(to: str) -> Any:
    metadata: Any = ClientMetadata(
        assignment=ClientAssignment(actives={"changelog": [0, 1]}, standbys={}),
        url=to,
        changelog_distribution={to: {"changelog": [0, 1]}, OTHER: {"changelog": [2]}},
        external_topic_distribution={to: {}, OTHER: {}},
        topic_groups={"changelog": 0},
    )
    user_data = Assignor._compress(metadata.dumps())
    return SimpleNamespace(user_data=user_data, assignment=[("changelog", [0, 1])])


@pytest.mark.parametrize(("to", "has_moved"), [(HERE, False), (BEFORE, True)])
def test_partitions_are_here_whatever_address_is_named(to: str, has_moved: bool) -> None:
    one = assignor()
    one.on_assignment(assigned(to))
    assert one.has_moved is has_moved
    assert one.changelog_distribution == {
        HERE: {"changelog": [0, 1]},
        OTHER: {"changelog": [2]},
    }
    assert set(one.external_topic_distribution) == {HERE, OTHER}


def test_the_next_assignment_counts() -> None:
    one = assignor()
    one.on_assignment(assigned(BEFORE))
    one.on_assignment(assigned(HERE))
    assert not one.has_moved
