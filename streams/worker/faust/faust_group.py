"""The group membership by Faust: app, routes, joining and leaving."""

import errno
import logging
from collections.abc import Mapping
from typing import cast

from streams.ports import PartitionId
from streams.settings import Settings
from streams.worker.faust.app import build_app
from streams.worker.faust.routes import add_routes
from streams.worker.faust.transport import Consumer
from streams.worker.fetching import FetchThread
from streams.worker.group import Answers, Feed, GroupMember, ProcessPlace, port_in_use

logger = logging.getLogger(__name__)


class FaustGroup:
    """See GroupMembership."""

    def __init__(
        self,
        settings: Settings,
        records: FetchThread,
        member: GroupMember,
        shared: Mapping[str, Feed],
        answers: Answers,
        place: ProcessPlace | None = None,
    ) -> None:
        """`shared`: receivers of the batches of unassigned topics, such as `control`. `place`:
        where this process shares the web port with others."""
        self._settings = settings
        self._app = build_app(settings, records, member, shared, place)
        add_routes(self._app, self._app.customers, answers)

    @property
    def generation(self) -> int:
        """See GroupMembership."""
        return self._app.consumer_generation_id

    async def join(self) -> None:
        """See GroupMembership."""
        settings = self._settings
        try:
            await self._app.start()
        except OSError as error:
            if error.errno != errno.EADDRINUSE:
                raise
            raise port_in_use(settings.web_port) from error
        logger.info(
            "joined group %s; status at %s/status",
            settings.application,
            str(self._app.conf.canonical_url).rstrip("/"),
        )

    async def ended(self) -> BaseException:
        """See GroupMembership."""
        return await self._app.crashed_by()

    async def write_positions(self, positions: Mapping[PartitionId, int]) -> None:
        """See GroupMembership."""
        await cast(Consumer, self._app.consumer).write_positions(positions)

    async def leave(self) -> None:
        """See GroupMembership."""
        if self._app.started:
            await self._app.stop()
