"""A task with its transactional producer and its store: the durable part of a commit.

    records and changelog ──► one transaction ──► the store, with the changelog's next offset

After any failure in between, the changelog is ahead of the store, never behind it (DESIGN 4).
"""

import logging

import msgspec

from streams.errors import Aborted, SendflowError
from streams.kafka.producer import ProducerState, TransactionalProducer
from streams.runtime.commit import Commit
from streams.store.rocks import RocksStore
from streams.task import PartitionTask
from streams.worker.renewal import Renewal

logger = logging.getLogger(__name__)


class KafkaTask:
    """A task with its producer and its store (slot.OpenTask)."""

    def __init__(
        self,
        task: PartitionTask,
        producer: TransactionalProducer,
        store: RocksStore,
        timeout: float,
        renewal: Renewal,
    ) -> None:
        """`timeout`: maximum seconds of a transaction."""
        self.task = task
        self._producer = producer
        self._store = store
        self._timeout = timeout
        self._renewal = renewal
        self._is_stored = True
        """True while the store holds every commit of the producer."""

    def commit(self, commit: Commit) -> int:
        """See OpenTask.commit. The store is written after the transaction, never before."""
        self._is_stored = False
        try:
            offset = self._producer.commit(commit.records, self._timeout / 2)
        except Aborted as error:
            logger.warning("task %d: %s; retrying once", self.task.partition, error)
            offset = self._producer.commit(commit.records, self._timeout / 2)
        self._store.write(msgspec.structs.replace(commit.batch, changelog_offset=offset))
        self._is_stored = True
        return offset

    def close(self) -> None:
        """See OpenTask.close."""
        if self._is_stored and self._producer.state is ProducerState.READY:
            self._renew()
        self._producer.close()
        self._store.close()

    def _renew(self) -> None:
        try:
            self._renewal.renew(self._store)
        except SendflowError as error:
            logger.warning("task %d: %s", self.task.partition, error)
