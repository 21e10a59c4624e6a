"""Publishing: a set of definitions as one record of `control`, which puts them in force, and the
coupon codes listed in it as records of `coupons`.

Used by `sendflow flows publish` and `worker --flows`.
"""

import hashlib
import json
import logging
import secrets
from collections.abc import Iterable, Iterator, Sequence
from importlib.metadata import version as version_of
from pathlib import Path

import msgspec

from streams.contracts.control import DefinitionsRecord, decode_control, encode_definitions
from streams.definitions import load_folder
from streams.definitions.changes import Change
from streams.definitions.diff import changes_between
from streams.engine import (
    Definitions,
    HistoryGap,
    Instant,
    compile_program,
    history_gaps,
    read_definitions,
    read_published,
    successors,
)
from streams.engine.compiling import Successors
from streams.engine.content import CouponPool
from streams.engine.values import amount_text, duration_text, minor_digits
from streams.errors import Refused
from streams.kafka.event_producer import EventProducer
from streams.kafka.topic_reader import TopicReader
from streams.operations.coupon_loading import BEFORE_ALL, load_inline
from streams.ports import CONTROL, OutputRecord
from streams.programs import SEMANTICS
from streams.settings import RecordTime, Settings

logger = logging.getLogger(__name__)

KEY = b"definitions"
"""Key of every set: one supersedes the other."""


class DefinitionsSet(msgspec.Struct, frozen=True):
    """Checked definitions, ready to be published."""

    version: str  # hash of the canonical form
    canonical: str  # JSON
    flows: list[str]


class Published(msgspec.Struct, frozen=True):
    """A set on `control`. `at`: its record time, from which it is in force."""

    at: Instant
    offset: int
    record: DefinitionsRecord


def read_set(folder: Path) -> DefinitionsSet:
    """Reads the set in `folder`. Raises Refused with all its problems."""
    loaded = load_folder(folder)
    if loaded.problems or loaded.definitions is None:
        raise Refused("\n".join(str(problem) for problem in loaded.problems))
    if not any(loaded.raw.values()):  # it would end every journey
        raise Refused(
            f"{folder}: no definitions found; wrong folder? (a shop without flows still has a "
            "store.yaml)"
        )
    canonical = msgspec.json.encode(loaded.raw, order="sorted")
    version = hashlib.blake2b(canonical, digest_size=6).hexdigest()
    flows = [flow.flow for flow in loaded.definitions.flows]
    return DefinitionsSet(version, canonical.decode(), flows)


def read_to_publish(folder: Path) -> DefinitionsSet:
    """Reads a set for publishing. Raises Refused, which adds that nothing was published."""
    try:
        return read_set(folder)
    except Refused as refused:
        raise Refused(f"{refused}\n{folder}: nothing published") from refused


def published_sets(settings: Settings) -> list[Published]:
    """All sets ever published, in order."""
    sets = []
    with TopicReader(settings, "publish") as reader:
        for found in reader.read(reader.starts([(CONTROL, 0)])):
            record = decode_control(found.record.value or b"")
            if isinstance(record, DefinitionsRecord):
                sets.append(Published(found.record.time, found.record.offset, record))
    return sets


def newest_definitions(settings: Settings) -> Definitions | None:
    """The newest published set; None if there is none. Raises Refused where this version cannot
    read it."""
    published = published_sets(settings)
    return definitions_of(published[-1].record) if published else None


def definitions_of(record: DefinitionsRecord) -> Definitions:
    """Definitions of a published set. Raises Refused where this version cannot read it."""
    definitions = read_published(json.loads(record.definitions))
    if not isinstance(definitions, Definitions):
        raise Refused(
            f"definitions {record.version} need another version of sendflow: "
            + "; ".join(str(problem) for problem in definitions[:5])
        )
    return definitions


def publish_warnings(before: Published, definitions: DefinitionsSet) -> list[str]:
    """Warnings about a set where the stored history under the set `before` does not suffice:
    missing history (SEMANTICS 3.7), amounts in another currency. Empty where this version cannot
    read `before`."""
    previous = read_published(json.loads(before.record.definitions))
    current = read_definitions(json.loads(definitions.canonical))
    if not isinstance(previous, Definitions) or not isinstance(current, Definitions):
        return []
    found = history_gaps(
        compile_program(previous, before.record.version),
        compile_program(current, definitions.version),
    )
    currencies = _of_currencies(previous.store.currency, current.store.currency)
    return [*currencies, *(sentence for one in found for sentence in _in_words(one))]


def _of_currencies(before: str, now: str) -> Iterator[str]:
    """Amounts are converted only once, when their event is processed (FLOWS "Money")."""
    if before != now:
        amount = amount_text(100 * 10 ** minor_digits(before), before)
        same = amount_text(100 * 10 ** minor_digits(before), now)
        yield (
            f"currency: {before} → {now}: stored amounts stay in {before} and are not converted: "
            f"{amount} {before} of revenue or of a past event counts as {same} {now} from now on, "
            f"in sums, values and conditions. For events in {now}, keep the currency and add a "
            "rate (rates)"
        )


def _in_words(one: HistoryGap) -> Iterator[str]:
    if one.is_longer:
        assert one.kept is not None
        needed = "full history" if one.needed is None else duration_text(one.needed)
        yield (
            f"{one.metric}: conditions need {needed}, states hold {duration_text(one.kept)}: "
            "decisions use the stored history and carry history_since"
        )
    if one.new_fields:
        yield (
            f"{one.metric}: {', '.join(one.new_fields)} not stored for past events: a 'where' or a "
            "sum that uses it counts new events only"
        )


def changes_after(before: Published | None, definitions: DefinitionsSet) -> list[Change]:
    """Changes from `before` to the set; None: it is the first. Raises Refused where this version
    cannot read `before`."""
    current = read_definitions(json.loads(definitions.canonical))
    assert isinstance(current, Definitions)
    if before is None:
        return changes_between(Definitions(), current)
    return changes_between(definitions_of(before.record), current, before.record.successors)


def publish_set(
    settings: Settings,
    definitions: DefinitionsSet,
    now: Instant,
    at: Instant | None = None,
    coupon_key: str | None = None,
) -> None:
    """Writes the set to `control`, and the codes listed in it to `coupons`. `now`: wall time; `at`:
    record time, in simulated time only; `coupon_key`: for the first set ever published, None: a
    random one. Raises Refused."""
    if at is not None and settings.record_time is not RecordTime.CREATE:
        raise Refused("--at needs simulated time (record_time = create)")
    if at is not None and at > now:
        raise Refused("--at is in the future: simulated time ends at the wall clock")
    earlier = published_sets(settings)
    time = settings.record_time.given(BEFORE_ALL if at is None else at)
    current = read_definitions(json.loads(definitions.canonical))
    if isinstance(current, Definitions):
        load_inline(settings, current, pools_of(earlier), now, time or BEFORE_ALL)
    record = DefinitionsRecord(
        published_at=now,
        version=definitions.version,
        semantics=max(SEMANTICS),
        tzdata=version_of("tzdata"),
        definitions=definitions.canonical,
        successors=_successors(earlier, definitions),
        coupon_key=_coupon_key(earlier) or coupon_key or secrets.token_hex(16),
    )
    with EventProducer(settings, "publish") as producer:
        producer.produce(
            OutputRecord(CONTROL, KEY, encode_definitions(record), partition=0, time=time)
        )


def _coupon_key(published: Sequence[Published]) -> str:
    """The key in use by the tasks, which is the first one; empty: none yet."""
    return next((one.record.coupon_key for one in published if one.record.coupon_key), "")


def pools_of(published: Iterable[Published]) -> list[CouponPool]:
    """All pools ever in force, as far as this version can read them."""
    pools: list[CouponPool] = []
    for one in published:
        of_set = read_definitions(
            {"coupons": json.loads(one.record.definitions).get("coupons", [])}
        )
        if isinstance(of_set, Definitions):
            pools.extend(pool for pool in of_set.coupons if pool not in pools)
    return pools


def _successors(published: Sequence[Published], definitions: DefinitionsSet) -> Successors:
    """Steps at which customers of deleted steps continue (SEMANTICS 6.2)."""
    if not published:
        return {}
    newest = published[-1].record
    previous = read_published(json.loads(newest.definitions))
    current = read_definitions(json.loads(definitions.canonical))
    if not isinstance(previous, Definitions) or not isinstance(current, Definitions):
        return newest.successors  # a set of another version, unreadable here
    return successors(previous, current, newest.successors)


def is_in_force(definitions: DefinitionsSet, published: Sequence[Published]) -> bool:
    """True if the set is the newest one published, and with the semantics of this version."""
    if not published:
        return False
    newest = published[-1].record
    return newest.version == definitions.version and newest.semantics >= SEMANTICS[-1]


def is_to_publish(definitions: DefinitionsSet, published: Sequence[Published]) -> bool:
    """True if `worker --flows` publishes the set: one that never was, or the newest with earlier
    semantics. An old worker that restarts must not bring an old set back (DESIGN 3)."""
    known = {one.record.version for one in published}
    if definitions.version not in known:
        return True
    is_newest = published[-1].record.version == definitions.version
    return is_newest and not is_in_force(definitions, published)


def publish_if_new(settings: Settings, folder: Path, now: Instant) -> DefinitionsSet | None:
    """Publishes the set for `worker --flows`, where it is new. Returns None where nothing was
    published."""
    definitions = read_to_publish(folder)
    published = published_sets(settings)
    if not is_to_publish(definitions, published):
        return None
    for warning in publish_warnings(published[-1], definitions) if published else ():
        logger.warning("%s", warning)
    publish_set(settings, definitions, now)
    return definitions
