"""`sendflow import` as far as it needs no broker: what it would write, and what it refuses."""

import json
import os
import re
from pathlib import Path

import pytest

from streams.cli.main import run
from streams.files.preset import preset_names

HEAD = "order_id,customer_id,occurred_at,total,currency,country\n"


@pytest.fixture
def sendflow(monkeypatch, capsys, tmp_path):
    for name in [name for name in os.environ if name.startswith("SENDFLOW_")]:
        monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)

    def sendflow(*arguments):
        capsys.readouterr()
        status = run([str(argument) for argument in arguments])
        return (status, *capsys.readouterr())

    return sendflow


def _orders(folder: Path, *lines: str, name: str = "orders.csv") -> Path:
    path = folder / name
    path.write_text(HEAD + "".join(f"{line}\n" for line in lines))
    return path


def test_a_dry_run_shows_the_first_events_and_counts_every_doubt(sendflow, tmp_path):
    lines = [f"{n},c{n}.0,2026-03-02,10.505,GBP,GB" for n in range(1, 8)]
    path = _orders(tmp_path, *lines, "8,,2026-03-02,1,GBP,GB")
    status, out, errors = sendflow(
        "import", path, "--as", "order.placed", "--map", "total=total:major", "--dry-run"
    )
    assert status == 3
    shown = [json.loads(line) for line in out.splitlines() if line.startswith("{")]
    assert [event["order_id"] for event in shown] == ["1", "2", "3", "4", "5"]
    assert shown[0]["total"] == 1050
    assert shown[0]["event_id"].startswith("import-order.placed-1-")
    assert "7 events of 8 rows; nothing was written" in out
    assert "1 row rejected:\n  1  customer_id\n" in out
    assert "7 warnings:\n  7  amounts with more decimals than their currency" in out
    assert errors.count("warning: orders.csv, row ") == 3  # the first of each kind
    assert "orders.csv, row 9: field 'customer_id' is missing" in errors


@pytest.mark.parametrize(
    ("lines", "status"),
    [
        (["1,ada,2026-03-02,1,GBP,GB"], 0),
        (["1,ada,2026-03-02,1,GBP,GB", "2,ada,2026-03-02,x,GBP,GB"], 3),
        (["2,ada,2026-03-02,x,GBP,GB"], 1),
        ([], 0),
    ],
)
def test_the_exit_status_says_how_much_was_imported(sendflow, tmp_path, lines, status):
    path = _orders(tmp_path, *lines)
    assert sendflow("import", path, "--as", "order.placed", "--dry-run")[0] == status


def test_the_help_names_every_preset(sendflow):
    _, out, _ = sendflow("import", "--help")
    words = re.sub(r"[^a-z0-9-]", "", out)  # names are wrapped
    assert [name for name in preset_names() if name not in words] == []


def test_a_delimiter_that_was_found_is_told(sendflow, tmp_path):
    path = tmp_path / "orders.csv"
    path.write_text(HEAD.replace(",", ";") + "1;ada;2026-03-02;1.234,50;EUR;DE\n")
    arguments = ("import", path, "--as", "order.placed", "--map", "total=total:major", "--dry-run")
    status, out, errors = sendflow(*arguments, "--decimal-comma")
    assert status == 0
    assert json.loads(out.splitlines()[0])["total"] == 123450
    assert errors == "orders.csv: read with the delimiter ';'\n"
    assert sendflow(*arguments, "--decimal-comma", "--delimiter", ";")[2] == ""


def test_refused_rows_carry_what_was_read_and_lines_of_an_order_stay_together(sendflow, tmp_path):
    lines = [
        "1,ada,2026-03-02,x,GBP,GB",
        "1,ada,,,,",
        "2,ada,2026-03-02",
        "3,ada,2026-03-02,1,GBP,",
    ]
    path = _orders(tmp_path, *lines)
    refused = tmp_path / "refused.jsonl"
    status, out, _ = sendflow(
        *("import", path, "--as", "order.placed", "--group-by", "order_id"),
        *("--dry-run", "--refused", refused),
    )
    assert status == 3
    assert "1 events of 4 rows" in out
    assert "3 rows rejected" in out
    first, second, short = [json.loads(line) for line in refused.read_text().splitlines()]
    assert first["_refused"] == {
        "file": "orders.csv",
        "row": 2,
        "field": "total",
        "reason": "field 'total' is 'x', expected minor units as an integer (1250); for 12.50 map "
        "it with ':major'",
        "metric": "order.placed",
    }
    assert (first["total"], second["order_id"], second["total"]) == ("x", "1", "")
    assert short["_values"] == ["2", "ada", "2026-03-02"]

    mended = refused.read_text().replace('"total":"x"', '"total":"5"').splitlines()
    refused.write_text("\n".join(mended))
    status, out, errors = sendflow(
        "import", refused, "--as", "order.placed", "--group-by", "order_id", "--dry-run"
    )
    assert status == 3
    assert "1 events of 3 rows" in out
    assert "row 3: the row still has '_values', expected a column for each of its values" in errors
    # a file of several metrics is imported once for each
    status, out, _ = sendflow("import", refused, "--as", "order.fulfilled", "--dry-run")
    assert (status, out.splitlines()[0]) == (0, "0 events of 3 rows; nothing was written")
    assert "3 rows passed over" in out


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["orders.csv", "--as", "order.placed", "--refused", "x.csv"], "ends in .jsonl"),
        (["orders.jsonl", "--as", "order.placed", "--refused", "orders.jsonl"], "is imported"),
        (
            ["orders.csv", "--as", "order.placed", "--refused", "nowhere/x.jsonl"],
            "x.jsonl: cannot write: No such file or directory",
        ),
        (["orders.csv"], "expected --as METRIC, or --preset NAME with one of ga4, klaviyo"),
        (
            ["orders.csv", "--as", "order.placd"],
            "unknown metric 'order.placd': did you mean 'order.placed'?",
        ),
        (["orders.csv", "--as", "survey.answered"], "own metrics give --flows FOLDER"),
        (["orders.csv", "--preset", "shopfy-orders"], "did you mean 'shopify-orders'?"),
        (["orders.csv", "--preset", "ga4"], "no column of the preset 'ga4'"),
        (["orders.csv", "--as", "order.placed", "--delimiter", "xx"], "--delimiter is 'xx'"),
        (["orders.csv", "--as", "order.placed", "--group-by", "x"], "--group-by: unknown column"),
        (
            ["shopify.csv", "--preset", "shopify-orders", "--map", "sku=x"],
            "unknown field of shopify-orders 'sku'",
        ),
        (
            ["shopify.csv", "--preset", "shopify-orders", "--as", "view.item"],
            "unknown event of shopify-orders 'view.item'",
        ),
    ],
)
def test_options_that_cannot_be_meant_are_refused(sendflow, tmp_path, arguments, says):
    _orders(tmp_path)
    (tmp_path / "orders.jsonl").write_text('{"order_id": "1"}\n')
    (tmp_path / "shopify.csv").write_text("Name,Email,Total,Currency,Created at\n")
    status, _, errors = sendflow("import", *arguments, "--dry-run")
    assert status == 2
    assert says in errors
    assert (tmp_path / "orders.jsonl").read_text()
