"""Values of one task for `/status` and `/metrics`, read from its slot on request."""

from streams.engine import Program
from streams.engine.values import left_fact
from streams.metrics import TaskMeasures
from streams.web.views import TaskView, waiting_view
from streams.worker.clock import wall_clock
from streams.worker.slot import TaskSlot


def task_view(slot: TaskSlot) -> TaskView:
    """A task as `/status` shows it."""
    view = TaskView(slot.partition, slot.state.value, failures=slot.failures)
    if slot.runs:
        task = slot.task
        view.clock = task.clock
        view.behind = wall_clock() - task.clock
        view.waits_for = task.waits_for
        view.next_due = task.next_due
        view.buffered = {topic: task.buffered(topic)[0] for topic in slot.fed}
        view.lag = slot.lag()
        view.counts = dict(task.counts)
        is_at_rest = task.time.is_at_rest(view.behind, view.waits_for)
        return waiting_view(view, is_at_rest=is_at_rest, knows_ends=slot.knows_ends)
    return view


def task_measures(slot: TaskSlot) -> TaskMeasures:
    """A task as `/metrics` shows it."""
    task = slot.task
    return TaskMeasures(
        partition=slot.partition,
        behind=wall_clock() - task.clock,
        buffered={topic: task.buffered(topic)[0] for topic in slot.fed},
        lag=slot.lag(),
        counts=dict(task.counts),
        commits=slot.commits,
        commit_seconds=slot.commit_seconds,
        failures=slot.failures,
        coupons_left=task.coupons_left,
        coupons_low=_coupons_low(task.program),
    )


def _coupons_low(program: Program) -> dict[str, bool]:
    """By pool of which it is known how many codes are left in all tasks."""
    left = {pool: program.facts.get(left_fact(pool)) for pool in program.coupon_lows}
    return {
        pool: number < program.coupon_lows[pool]
        for pool, number in left.items()
        if number is not None
    }
