"""The definitions and store facts in force in a task.

Both come as records of `control`. A worker reads that topic whole, so a task that opens is fed its
processed records again, and replays them: the program is no part of its state.
"""

from collections.abc import Sequence

from streams.engine import CATALOGUE, NO_ARTICLES, Catalogue, Instant, Program, are_concerned_by
from streams.errors import SendflowError
from streams.ports import ARTICLE_FACTS_KEY, DAY_FACTS_KEY, ControlReader, Facts, Record, Rejection
from streams.runtime.coupon_book import CouponBook
from streams.runtime.coupon_moves import CouponMoves
from streams.runtime.merge import Input
from streams.runtime.scans import Scans
from streams.runtime.side_outputs import SideOutputs


class InForce:
    """The program of a task, and the rejected records of `control`."""

    def __init__(
        self,
        control: Input,
        reader: ControlReader,
        scans: Scans,
        coupons: CouponBook,
        coupon_moves: CouponMoves,
        side_outputs: SideOutputs,
        rejected_offsets: Sequence[int],
    ) -> None:
        """`rejected_offsets`: records of `control` at which our own code failed."""
        self.program = reader.initial()
        self.rejected_offsets = list(rejected_offsets)
        self.fact_until: Instant = 0
        """Midnight of the newest day facts that were fed."""
        self.control = control
        self._unread: list[Record] = []
        """Replayed changes of articles since the facts of a day, not in force yet."""
        self._reader = reader
        self._scans = scans
        self._coupons = coupons
        self._coupon_moves = coupon_moves
        self._side_outputs = side_outputs

    def feed(self, records: list[Record]) -> None:
        """Inspects records before they are fed to the input, and replays processed ones. Raises
        Poisoned, Refused."""
        for record in self.control.in_order(records):
            if record.key == DAY_FACTS_KEY:
                self.fact_until = max(self.fact_until, record.time)
            if not self.control.is_done(record):
                continue
            if record.key == ARTICLE_FACTS_KEY:
                self._unread.append(record)
                continue
            if record.key == DAY_FACTS_KEY:
                self._unread.clear()  # it holds them all
            self._replay(record)

    def read_articles(self) -> None:
        """Puts replayed changes of articles in force, once and not for each batch of `control`: a
        year of them is replayed for the last day. Raises Poisoned, Refused."""
        for record in self._unread:
            self._replay(record)
        self._unread.clear()

    def take(self, record: Record, now: Instant) -> None:
        """Puts the next record in force at `now`."""
        if (self.control.topic, record.offset) in self._side_outputs.poisoned:
            # The previous definitions stay in force, after a restart too.
            self.rejected_offsets.append(record.offset)
            rejection = Rejection("applying these definitions failed; see the worker's log")
            self._side_outputs.dead_letter(self.control.topic, record, rejection, now)
            return
        change = self._reader.read(record)
        if isinstance(change, Rejection):
            self._side_outputs.dead_letter(self.control.topic, record, change, now)
            return
        before = self.program
        self._apply(change)
        if isinstance(change, Program):
            self._scans.on_publish(before, self.program, now)
            self._coupons.follow(before.coupon_lows, self.program.coupon_lows, now)
        else:
            changed = [
                name for name, value in change.values.items() if before.facts.get(name) != value
            ]
            if are_concerned_by(self.program, changed):
                self._scans.on_facts_changed(now)
            self._coupon_moves.hand_out(change.coupon_moves, now)

    def _replay(self, record: Record) -> None:
        """Puts a processed record in force again; its scans are in the plans."""
        poison_id = self.control.topic, record.offset
        if record.offset in self.rejected_offsets:
            return
        if poison_id in self._side_outputs.poisoned:  # an older version applied it
            self.rejected_offsets.append(record.offset)
            return
        try:
            self._apply(self._reader.read(record))
        except SendflowError:
            raise
        except Exception as error:
            raise self._side_outputs.failed(poison_id, error) from error

    def _apply(self, change: Program | Facts | Rejection) -> None:
        """Puts definitions or facts in force."""
        if isinstance(change, Program):
            self.program = change.with_facts(self.program.facts)
            self._coupons.learn(change.coupon_key)
        elif isinstance(change, Facts):
            facts = {**self.program.facts, **change.values}
            if change.changed_articles:
                catalogue: Catalogue = facts.get(CATALOGUE, NO_ARTICLES)
                facts[CATALOGUE] = catalogue.with_changes(change.changed_articles)
            self.program = self.program.with_facts(facts)
