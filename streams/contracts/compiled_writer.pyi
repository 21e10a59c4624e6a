from collections.abc import Callable, Mapping
from typing import Any

from streams.contracts.record_writer import RecordWriter
from streams.contracts.schemas import Schema

def compiled_dict_writer(schema: Schema, generated: RecordWriter) -> RecordWriter: ...
def compiled_struct_writer(
    schema: Schema,
    converted: Mapping[str, Callable[[Any], Any]],
    attributes: Mapping[str, str],
    generated: RecordWriter,
) -> RecordWriter: ...
