"""PITFALLS 25: any interleaving of fetches of the same logs gives the same order."""

from hypothesis import given
from hypothesis import strategies as st

from streams.ports import Record
from streams.runtime.merge import Merge, plain_inputs

TOPICS = ("control", "customers", "orders", "carts")
END = 1000

times = st.lists(st.integers(0, 12), max_size=15).map(sorted)


@given(logs=st.tuples(times, times, times, times), data=st.data())
def test_pitfall_25_the_order_is_a_function_of_the_logs_alone(
    logs: tuple[list[int], ...], data: st.DataObject
) -> None:
    by_topic = dict(zip(TOPICS, logs, strict=True))
    merge = Merge(plain_inputs(TOPICS, {}))
    order: list[tuple[str, int]] = []
    clock = 0
    while any(merge.by_topic[topic].next_offset < len(by_topic[topic]) for topic in TOPICS):
        topic = data.draw(st.sampled_from(TOPICS), label="fetch of")
        size = data.draw(st.integers(0, 5), label="so many")
        one = merge.by_topic[topic]
        log, start = by_topic[topic], one.next_offset
        records = [Record(time, offset, b"ada", b"") for offset, time in enumerate(log)][
            start : start + size
        ]
        one.feed(records, start + len(records), None)
        clock = _take_all(merge, clock, order)
        if data.draw(st.booleans(), label="cut"):
            now = data.draw(st.integers(0, 12), label="at")
            for asked in merge.inputs:
                # what a broker would say whose wall clock is `now`: later records aren't there
                end = sum(time < now for time in by_topic[asked.topic])
                if asked.requested_end is None:
                    asked.set_end_offset(now, end)
            clock = _take_all(merge, clock, order)
    for one in merge.inputs:
        one.complete(END)
    _take_all(merge, clock, order)
    assert order == [
        (topic, offset)
        for _, _, offset, topic in sorted(
            (time, TOPICS.index(topic), offset, topic)
            for topic, log in by_topic.items()
            for offset, time in enumerate(log)
        )
    ]


def _take_all(merge: Merge, clock: int, order: list[tuple[str, int]]) -> int:
    while True:
        first, at, _ = merge.choose(clock)
        if not first.records:
            return clock
        clock = at
        order.append((first.topic, first.pop().offset))
