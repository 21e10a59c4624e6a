"""Garbage collection by hand, in a process of its own: it concerns all objects of a process."""

import subprocess
import sys
import textwrap

import pytest


def run(code: str) -> str:
    before = """
        import gc, weakref
        from streams.worker.garbage import COUNT_TURN, MOST_YOUNG, Collector

        class Node:
            pass

        def cycle():
            node = Node()
            node.itself = node
            return weakref.ref(node)

        def many():
            return [[] for _ in range(MOST_YOUNG + 1_000)]
    """
    script = textwrap.dedent(before) + textwrap.dedent(code)
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_automatic_collector_is_off_and_the_objects_of_the_start_are_frozen() -> None:
    run("""
        collector = Collector()
        assert not gc.isenabled()
        assert gc.get_freeze_count() > 1_000
    """)


@pytest.mark.parametrize("call", ["collect_young", "collect_all"])
def test_a_new_cycle_is_freed(call: str) -> None:
    run(f"""
        collector = Collector()
        lost = cycle()
        assert lost() is not None
        collector.{call}()
        assert lost() is None
    """)


def test_a_cycle_that_survived_young_collections_is_freed_with_all() -> None:
    run("""
        collector = Collector()
        node = Node()
        node.itself = node
        lost = weakref.ref(node)
        for _ in range(3):
            collector.collect_young()
        del node
        collector.collect_young()
        assert lost() is not None
        collector.collect_all()
        assert lost() is None
    """)


def test_many_young_objects_are_frozen_instead_of_traversed() -> None:
    run("""
        collector = Collector()
        before = gc.get_freeze_count()
        kept = many()
        collector.collect_young()
        assert gc.get_freeze_count() >= before + len(kept)
        assert gc.get_count()[0] < 1_000
    """)


def test_the_survivors_of_a_long_collection_are_frozen_and_those_of_a_short_one_are_not() -> None:
    run("""
        ticks = iter((0.0, 0.001, 1.0, 1.1))
        collector = Collector(lambda: next(ticks))
        kept = [[] for _ in range(1_000)]
        before = gc.get_freeze_count()
        collector.collect_all()
        assert gc.get_freeze_count() == before
        collector.collect_all()
        assert gc.get_freeze_count() >= before + len(kept)
    """)


def test_frozen_garbage_is_freed_once_it_has_doubled_what_is_frozen() -> None:
    run("""
        collector = Collector()
        some = len(many())
        most = 2 * (gc.get_freeze_count() + some) + COUNT_TURN * some
        lost = cycle()
        for _ in range(3 * COUNT_TURN):
            dropped = many()
            dropped.append(dropped)
            collector.collect_young()
            assert gc.get_freeze_count() <= most
        assert lost() is None
    """)
