"""Mends what tables do to ids and telephone numbers (SEMANTICS 8.5), and says so."""

import re
from typing import Any

from streams.files.row_context import RowContext
from streams.files.row_warning import WarningKind

_IDS = frozenset({"customer_id", "order_id", "cart_id", "refund_id"})
_DECIMAL_ID = re.compile(r"([0-9]+)\.0+")
_TEXT_OF_SPREADSHEET = re.compile(r"^'(?=[0-9])")  # so that it stays a text: '7001
_PHONE = re.compile(r"'?(\+?[0-9][0-9 ()/-]*)(?:\.0)?")


def tidies(name: str) -> bool:
    """True if `tidied_field` may change the values of this field."""
    return name in _IDS or name == "phone"


def tidied_field(name: str, value: Any, as_read: Any, context: RowContext) -> Any:
    """Returns the `value` of a field without what a spreadsheet or a data frame added: blanks
    around an id, the decimals of `17850.0`, the apostrophe of a telephone number. `as_read` is the
    value of the table."""
    if name in _IDS:
        return _tidied_id(value, as_read, context)
    return _tidied_phone(value, context) if name == "phone" else value


def _tidied_id(value: str, as_read: Any, context: RowContext) -> str:
    if isinstance(as_read, float):
        context.note(WarningKind.DECIMAL_ID, as_read, value)
        return value
    trimmed = _TEXT_OF_SPREADSHEET.sub("", value.strip(), count=1)
    if trimmed != value:
        context.note(WarningKind.TRIMMED_ID, value, trimmed)
    if decimal := _DECIMAL_ID.fullmatch(trimmed):
        context.note(WarningKind.DECIMAL_ID, trimmed, decimal[1])
        return decimal[1]
    return trimmed


def _tidied_phone(value: Any, context: RowContext) -> Any:
    if isinstance(value, float) and value.is_integer():
        mended = str(int(value))
    elif isinstance(value, int) and not isinstance(value, bool):
        mended = str(value)  # a column of digits
    elif isinstance(value, str) and (found := _PHONE.fullmatch(value.strip())):
        mended = found[1].strip()
    else:
        return value
    if mended != str(value).strip():
        context.note(WarningKind.PHONE, value, mended)
    return mended
