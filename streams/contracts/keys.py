"""Keys of records of customers: the customer id as UTF-8 text."""

from collections.abc import Callable

LONGEST_KEY = 1024  # bytes


Misplaced = Callable[[bytes], str | None]
"""Key of a record -> why it doesn't belong into the partition that it is in (SEMANTICS 8.11)."""


def key_problem(key: bytes | None, customer_id: str) -> str | None:
    """Returns the problem of a record's key, if any."""
    if key is None:
        return "the record has no key, expected the customer id"
    if not key:
        return "the key is empty, expected the customer id"
    if len(key) > LONGEST_KEY:
        return f"the key has {len(key)} bytes, expected at most {LONGEST_KEY}"
    if key[0] == 0:
        return "the key begins with a zero byte, expected the customer id as UTF-8 text"
    try:
        text = key.decode()
    except UnicodeDecodeError as error:
        return f"the key {key[:40]!r} is not UTF-8 text: {error.reason}"
    if text != customer_id:
        return f"the key is {text!r}, but field 'customer_id' is {customer_id!r}"
    return None
