"""Checks that two versions of a schema are compatible both ways: producers, workers and delivery
workers are updated in any order, and old records stay in the topics."""

from collections.abc import Iterator

from streams.contracts.schemas import Schema, kind_of

_PROMOTIONS: dict[str, tuple[str, ...]] = {
    "int": ("long", "float", "double"),
    "long": ("float", "double"),
    "float": ("double",),
    "string": ("bytes",),
    "bytes": ("string",),
}


def problems_between(old: Schema, new: Schema) -> list[str]:
    """Returns the incompatibilities of `new` with `old`: empty if a reader of each can read what
    a writer of the other wrote."""
    backward = (f"backward incompatible: {p}" for p in _unreadable(old, new, ""))
    forward = (f"forward incompatible: {p}" for p in _unreadable(new, old, ""))
    return [*backward, *forward]


def _unreadable(writer: Schema, reader: Schema, path: str) -> Iterator[str]:
    """Why data of `writer` can't be read by `reader` (Avro's rules of schema resolution)."""
    at = path or "the record"
    if isinstance(writer, list):
        for branch in writer:
            yield from _unreadable(branch, reader, path)
        return
    if isinstance(reader, list):
        if all(any(_unreadable(writer, branch, path)) for branch in reader):
            yield f"{at} may be {kind_of(writer)}, the reader takes {_branches(reader)}"
        return
    written, read = kind_of(writer), kind_of(reader)
    if written != read:
        if read not in _PROMOTIONS.get(written, ()):
            yield f"{at} is {written}, the reader expects {read}"
    elif written == "array":
        yield from _unreadable(writer["items"], reader["items"], f"{path}[]")
    elif written == "map":
        yield from _unreadable(writer["values"], reader["values"], f"{path}{{}}")
    elif written in ("record", "enum", "fixed"):
        if not _share_a_name(writer, reader):
            yield f"{at} is called {writer['name']}, the reader expects {reader['name']}"
        elif written == "record":
            yield from _unreadable_fields(writer, reader, path)
        elif written == "enum":
            unknown = [s for s in writer["symbols"] if s not in reader["symbols"]]
            if unknown and "default" not in reader:
                yield f"{at} may be {', '.join(unknown)}, which the reader doesn't know"
        elif writer["size"] != reader["size"]:
            yield f"{at} has {writer['size']} bytes, the reader expects {reader['size']}"


def _unreadable_fields(writer: Schema, reader: Schema, path: str) -> Iterator[str]:
    written = {field["name"]: field for field in writer["fields"]}
    for field in reader["fields"]:
        name = field["name"]
        source = next((n for n in (name, *field.get("aliases", ())) if n in written), None)
        at = f"{path}.{name}" if path else name
        if source is not None:
            yield from _unreadable(written[source]["type"], field["type"], at)
        elif "default" not in field:
            yield f"{at} is missing in the records and has no default"


def _share_a_name(writer: Schema, reader: Schema) -> bool:
    """Avro compares the names of records without their namespaces."""
    known = {reader["name"], *reader.get("aliases", ())}
    return _short(writer["name"]) in {_short(name) for name in known}


def _short(name: str) -> str:
    return name.rpartition(".")[2]


def _branches(union: list[Schema]) -> str:
    return " or ".join(kind_of(branch) for branch in union)
