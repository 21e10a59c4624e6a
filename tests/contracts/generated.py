"""Values of any Avro schema, for hypothesis."""

from typing import Any

from hypothesis import strategies as st

from streams.contracts.schemas import Schema, kind_of

_LONGS = st.integers(-(1 << 63), (1 << 63) - 1) | st.sampled_from([0, -1, 63, 64, -64, -65, 8191])
_INTS = st.integers(-(1 << 31), (1 << 31) - 1)
_TEXTS = st.text(max_size=70) | st.sampled_from(["", "é" * 64, "x" * 63, "x" * 64, "y" * 8192])
_NUMBERS = st.floats(allow_nan=False)


def values_of(schema: Schema) -> st.SearchStrategy[Any]:
    """Values that fit `schema`, in the form in which fastavro takes them."""
    if isinstance(schema, list):
        return st.one_of([values_of(branch) for branch in schema])
    match kind_of(schema):
        case "null":
            return st.none()
        case "boolean":
            return st.booleans()
        case "int":
            return _INTS
        case "long":
            return _LONGS
        case "float":
            return st.floats(width=32, allow_nan=False)
        case "double":
            return _NUMBERS
        case "string":
            return _TEXTS
        case "bytes":
            return st.binary(max_size=70)
        case "enum":
            return st.sampled_from(schema["symbols"])
        case "fixed":
            return st.binary(min_size=schema["size"], max_size=schema["size"])
        case "array":
            return st.lists(values_of(schema["items"]), max_size=4)
        case "map":
            return st.dictionaries(_TEXTS, values_of(schema["values"]), max_size=4)
        case "record":
            return st.fixed_dictionaries(
                {field["name"]: values_of(field["type"]) for field in schema["fields"]}
            )
    raise ValueError(f"no values for {schema!r}")


_PRIMITIVES = ["null", "boolean", "int", "long", "float", "double", "string", "bytes"]


def record_schemas(depth: int = 2, name: str = "Record") -> st.SearchStrategy[Schema]:
    """Schemas of records with all kinds of fields; named types are called after their place."""
    return st.lists(st.sampled_from("abcdefgh"), min_size=1, max_size=5, unique=True).flatmap(
        lambda fields: st.fixed_dictionaries(
            {
                "type": st.just("record"),
                "name": st.just(name),
                "fields": st.tuples(*(_fields(one, depth, name) for one in fields)).map(list),
            }
        )
    )


def _fields(name: str, depth: int, path: str) -> st.SearchStrategy[Schema]:
    return _types(depth, f"{path}_{name}").map(lambda type_: {"name": name, "type": type_})


def _types(depth: int, path: str) -> st.SearchStrategy[Schema]:
    flat: st.SearchStrategy[Schema] = st.sampled_from(_PRIMITIVES)
    if depth == 0:
        return flat
    inner = _types(depth - 1, path)
    return st.one_of(
        flat,
        st.integers(1, 20).map(lambda size: {"type": "fixed", "name": path, "size": size}),
        st.just({"type": "enum", "name": path, "symbols": ["x", "y"]}),
        inner.filter(lambda t: t != "null").map(lambda t: ["null", t]),
        inner.map(lambda t: {"type": "array", "items": t}),
        inner.map(lambda t: {"type": "map", "values": t}),
        record_schemas(depth - 1, path),
    )
