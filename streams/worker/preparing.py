"""Checks and preparations before a worker joins its group."""

import logging
from collections.abc import Callable
from pathlib import Path

from streams.errors import Refused
from streams.kafka.admin import KafkaAdmin
from streams.operations.publish import publish_if_new
from streams.settings import Settings
from streams.worker.clock import wall_clock

logger = logging.getLogger(__name__)


def check_cluster(admin: KafkaAdmin, is_stopped: Callable[[], bool]) -> None:
    """Waits for a broker and checks the topics; blocks. Raises Refused with all problems."""
    admin.wait_for_broker(is_stopped)
    problems = admin.check_topics()
    for problem in problems:
        if problem.is_advice:
            logger.warning("%s", problem)
    serious = [str(problem) for problem in problems if not problem.is_advice]
    if serious:
        raise Refused("\n".join(serious))


def publish_once(settings: Settings, flows: Path) -> None:
    """Publishes the definitions in the folder `flows`, unless that set was published before;
    blocks. Raises Refused."""
    published = publish_if_new(settings, flows, wall_clock())
    if published is not None:
        logger.info("published definitions %s from %s", published.version, flows)
