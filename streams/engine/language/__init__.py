"""The ground of the flow language: how definitions are read, and what names in them mean.

`reading.py` turns plain data into structs and collects all problems; `scope.py` says which names
there are; `references.py` resolves `$trigger.total`. Conditions, triggers and steps, which are
written in it, come above.
"""

from streams.engine.language.families import Families
from streams.engine.language.profile_field import read_as
from streams.engine.language.reading import (
    UNREADABLE,
    Found,
    Member,
    OneOf,
    Reading,
    describe,
    keys_of,
    read,
)
from streams.engine.language.references import (
    IN_WORDS,
    ITEM_OF,
    LIST_OF,
    Reader,
    Reference,
    compile_reference,
    compile_value,
    field_at,
    field_reader,
    fields_of,
    getter,
    is_reference,
    parse_constant,
    profile_reader,
    refers_to_trigger,
    shown,
)
from streams.engine.language.scope import EVERY_EVENT_HAS, PROFILE_FIELDS, Reads, Remembered, Scope
from streams.engine.language.store_settings import OwnFieldType, StoreSettings, own_fields

__all__ = [
    "EVERY_EVENT_HAS",
    "IN_WORDS",
    "ITEM_OF",
    "LIST_OF",
    "PROFILE_FIELDS",
    "UNREADABLE",
    "Families",
    "Found",
    "Member",
    "OneOf",
    "OwnFieldType",
    "Reader",
    "Reading",
    "Reads",
    "Reference",
    "Remembered",
    "Scope",
    "StoreSettings",
    "compile_reference",
    "compile_value",
    "describe",
    "field_at",
    "field_reader",
    "fields_of",
    "getter",
    "is_reference",
    "keys_of",
    "own_fields",
    "parse_constant",
    "profile_reader",
    "read",
    "read_as",
    "refers_to_trigger",
    "shown",
]
