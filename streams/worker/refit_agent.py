"""The owner of task 0 fits the purchase model anew when it is due (the setting `refit`), in a
process of its own: a fit takes a core and much memory for a while.

    every CHECK_EVERY ──► process ──► is the model as old as `refit`? ──► fit ──► publish, or keep

That process may be killed at any moment: the one record that it writes is there or not, and the
next check begins anew.
"""

import asyncio
import contextlib
import logging
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import msgspec

from streams.settings import Settings

logger = logging.getLogger(__name__)

CHECK_EVERY = 3600.0
"""Seconds between two looks at the age of the model; less where `refit` is shorter."""
FITTED = 10
"""Exit status of the process after a fit, published or not: the next one is due after `refit`."""
PACKAGES = ("numpy", "scipy")
"""Packages of the extra `[value]` that a fit needs."""
REFIT_COMMAND = (sys.executable, "-P", "-m", "streams.worker.refit_process")


class RefitAgent:
    """The agent of this worker: it runs while the worker owns task 0. Its methods are called on the
    event loop and don't block."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._running: asyncio.Task[None] | None = None

    def set_owner(self, is_owner: bool) -> None:
        """Starts or stops the agent: `is_owner` is True while this worker owns task 0."""
        if not is_owner and self._running is not None:
            self._running.cancel()
            self._running = None
        elif is_owner and self._running is None and self._settings.refit:
            self._running = asyncio.create_task(self._run())

    async def _run(self) -> None:
        if missing := [name for name in PACKAGES if find_spec(name) is None]:
            # Now, not after the first pause; the decisions don't need a fit, so the worker goes on.
            logger.error(
                "refit needs %s: pip install 'sendflow[value]' and restart the worker; "
                "until then the model in force stays",
                " and ".join(missing),
            )
            return
        interval = self._settings.refit / 1000
        pause = min(CHECK_EVERY, interval)
        while True:
            await asyncio.sleep(pause)
            pause = min(CHECK_EVERY, interval)
            try:
                status = await self._fit()
            except OSError as error:
                logger.warning("refit: no process: %s", error)
                continue
            if status == FITTED:
                pause = interval
            elif status:
                logger.warning("refit ended with status %d; the model in force stays", status)

    async def _fit(self) -> int:
        process = await asyncio.create_subprocess_exec(
            *REFIT_COMMAND, stdin=asyncio.subprocess.PIPE
        )
        try:
            await process.communicate(settings_line(self._settings))
        finally:
            if process.returncode is None:
                with contextlib.suppress(ProcessLookupError):
                    process.kill()
        assert process.returncode is not None
        return process.returncode


def settings_line(settings: Settings) -> bytes:
    """The settings for the process."""
    return msgspec.json.encode(settings, enc_hook=str)


def settings_in(line: bytes) -> Settings:
    """The inverse of `settings_line`."""

    def as_path(kind: type, value: Any) -> Any:
        return Path(value)

    return msgspec.json.decode(line, type=Settings, dec_hook=as_path)
