"""States for the tests of stores: a header with a due time, then anything."""

from streams.engine import Instant

FORMAT = b"\x01"


def state(due: Instant | None, body: bytes = b"") -> bytes:
    """Bytes as the engine encodes them, as far as a store looks into them."""
    header = b"\xff" * 8 if due is None else due.to_bytes(8, "big")
    return FORMAT + header + body
