"""The definitions and the store facts in force, by which a task decides.

Both come as records of `control`. A worker reads that topic whole, so a task that opens is fed what
it has been through already, and takes it again: the program is no part of its state.
"""

from collections.abc import Sequence

from streams.engine import Instant, Program, are_concerned_by
from streams.errors import SendflowError
from streams.ports import DAY_FACTS_KEY, ControlReader, Facts, Record, Rejection
from streams.runtime.audience import Audience
from streams.runtime.coupons import CouponBook
from streams.runtime.merge import Input
from streams.runtime.notices import Notices


class InForce:
    """The program of a task, and what of `control` it doesn't follow."""

    def __init__(
        self,
        control: Input,
        reader: ControlReader,
        audience: Audience,
        coupons: CouponBook,
        notices: Notices,
        set_aside: Sequence[int],
    ) -> None:
        """`set_aside`: offsets of `control` at which our own code failed."""
        self.program = reader.initial()
        self.set_aside = list(set_aside)
        self.fact_until: Instant = 0
        """The newest fact of a day that was fed: of this midnight."""
        self.control = control
        self._reader = reader
        self._audience = audience
        self._coupons = coupons
        self._notices = notices

    def feed(self, records: list[Record]) -> None:
        """Looks through records before they're fed to the input. Raises Poisoned, Refused."""
        for record in self.control.in_order(records):
            if record.key == DAY_FACTS_KEY:
                self.fact_until = max(self.fact_until, record.time)
            if self.control.is_done(record):
                self._take_again(record)

    def take(self, record: Record, now: Instant) -> None:
        """The next record: from `now` on, what it says is in force."""
        if (self.control.topic, record.offset) in self._notices.poisoned:
            # What was in force stays in force, after a restart too.
            self.set_aside.append(record.offset)
            rejection = Rejection("taking this over failed; the worker's log has the error")
            self._notices.dead_letter(self.control.topic, record, rejection, now)
            return
        change = self._reader.read(record)
        if isinstance(change, Rejection):
            self._notices.dead_letter(self.control.topic, record, change, now)
            return
        before = self.program
        self._apply(change)
        if isinstance(change, Program):
            self._audience.publish(before, self.program, now)
        else:
            changed = [
                name for name, value in change.values.items() if before.facts.get(name) != value
            ]
            if are_concerned_by(self.program, changed):
                self._audience.change_facts(now)

    def _take_again(self, record: Record) -> None:
        """Puts a record in force again that decided before the task was opened; its visits are in
        the plans."""
        mark = self.control.topic, record.offset
        if record.offset in self.set_aside:
            return
        if mark in self._notices.poisoned:  # an older version could take it over
            self.set_aside.append(record.offset)
            return
        try:
            self._apply(self._reader.read(record))
        except SendflowError:
            raise
        except Exception as error:
            raise self._notices.failed(mark, error) from error

    def _apply(self, change: Program | Facts | Rejection) -> None:
        """From here on, these definitions or these facts decide."""
        if isinstance(change, Program):
            self.program = change.with_facts(self.program.facts)
            self._coupons.learn(change.coupon_key)
        elif isinstance(change, Facts):
            self.program = self.program.with_facts({**self.program.facts, **change.values})
