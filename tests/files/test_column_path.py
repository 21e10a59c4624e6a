"""Columns in mappings: names with colons, paths to what lies further in."""

import pytest

from streams.files.column_path import ColumnPath, parse_reference

TRACK = {
    "properties": {
        "revenue": 27.5,
        "a.b": {"c": 1},
        "products": [{"sku": "A"}, {"sku": "B"}],
        "one": [{"sku": "C"}],
        "params": [
            {"key": "term", "value": {"text": "lamp"}},
            {"key": 7, "value": {"text": "seven"}},
        ],
    },
    "packed": '{"total": "9.50", "lines": [{"n": 2}]}',
    "broken": "{no json",
    "flat.name": "flat",
    "note": "[none",
}


def _path(text: str) -> ColumnPath:
    parsed = parse_reference(text, ())
    assert parsed is not None
    return parsed[0]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("properties.revenue", 27.5),
        ('properties."a.b".c', 1),
        ("properties.products[1].sku", "B"),
        ("properties.products[2].sku", None),
        ("properties.products[].sku", None),  # two elements have no one value
        ("properties.one[].sku", "C"),
        ("properties.params[key=term].value.text", "lamp"),
        ("properties.params[key=7].value.text", "seven"),
        ("properties.params[key=other].value.text", None),
        ("properties.revenue.further", None),
        ("properties.none.further", None),
        ("packed.total", "9.50"),
        ("packed.lines[0].n", 2),
        ("broken.total", None),
        ("note.total", None),
        ("flat.name", "flat"),
        ('"flat.name"', "flat"),
        ("absent", None),
    ],
)
def test_values(text, value):
    assert _path(text).value(TRACK) == value


@pytest.mark.parametrize(
    ("text", "columns", "column", "how"),
    [
        ("amount:major", (), "amount", "major"),
        ("day:%d/%m/%Y %H:%M", (), "day", "%d/%m/%Y %H:%M"),
        ('"Customer: ID"', (), "Customer: ID", ""),
        ('"Price: Total":major', (), "Price: Total", "major"),
        ('"say ""hi"""', (), 'say "hi"', ""),
        ("Lineitem price:major", (), "Lineitem price", "major"),
        # a column of the file is meant first, the longest before the others
        ("Customer: ID", ("Customer: ID",), "Customer: ID", ""),
        ("Price: Total:major", ("Price: Total", "Price"), "Price: Total", "major"),
        ("Day: a:%H:%M", ("Day: a",), "Day: a", "%H:%M"),
        ("Item [each].x", ("Item [each].x",), "Item [each].x", ""),
        ('"quoted"', ('"quoted"',), '"quoted"', ""),
    ],
)
def test_a_reference_has_a_column_and_a_conversion(text, columns, column, how):
    parsed = parse_reference(text, columns)
    assert parsed is not None
    assert (parsed[0].column, parsed[0].text, parsed[1]) == (column, column, how)


@pytest.mark.parametrize(
    "text", ["", ":major", "a..b", "a.", "a[", "a]b", 'a"b"', '"open', "a[0]b"]
)
def test_what_is_no_reference(text):
    assert parse_reference(text, ()) is None


def test_a_list_and_what_lies_in_its_elements():
    parts = _path("properties.products[].variant.sku").split_at_elements()
    assert parts is not None
    assert (parts[0].text, parts[1].text) == ("properties.products", "variant.sku")
    assert len(parts[0].value(TRACK)) == 2
    assert parts[1].value({"variant": {"sku": "V"}}) == "V"
    assert _path("properties.products").split_at_elements() is None
    assert _path("properties.products[]").split_at_elements() is None
