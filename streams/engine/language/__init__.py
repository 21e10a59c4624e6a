"""The basis of the flow language: reading definitions and resolving names.

`reading.py` turns plain data into structs and collects all problems; `scope.py` holds the known
names; `references.py` resolves `$trigger.total`. Conditions, triggers and steps are built on it.
"""

from streams.engine.language.family_keys import Families
from streams.engine.language.profile_field import read_as
from streams.engine.language.reading import (
    UNREADABLE,
    FamilyMember,
    FoundMember,
    Reading,
    describe,
    read,
)
from streams.engine.language.references import (
    IN_WORDS,
    ITEM,
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
    json_value,
    parse_constant,
    profile_reader,
    refers_to_trigger,
)
from streams.engine.language.scope import PROFILE_FIELDS, Reads, Remembered, Scope
from streams.engine.language.store_settings import (
    CustomFieldType,
    Exclude,
    StoreSettings,
    custom_fields,
)
from streams.engine.language.struct_keys import OneOf, keys_of

__all__ = [
    "IN_WORDS",
    "ITEM",
    "ITEM_OF",
    "LIST_OF",
    "PROFILE_FIELDS",
    "UNREADABLE",
    "CustomFieldType",
    "Exclude",
    "Families",
    "FamilyMember",
    "FoundMember",
    "OneOf",
    "Reader",
    "Reading",
    "Reads",
    "Reference",
    "Remembered",
    "Scope",
    "StoreSettings",
    "compile_reference",
    "compile_value",
    "custom_fields",
    "describe",
    "field_at",
    "field_reader",
    "fields_of",
    "getter",
    "is_reference",
    "json_value",
    "keys_of",
    "parse_constant",
    "profile_reader",
    "read",
    "read_as",
    "refers_to_trigger",
]
