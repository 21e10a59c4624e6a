"""`sendflow model`: fitted to a file, tested, drawn. tests/broker/test_model.py publishes."""

import builtins
import csv
import json
import random
from datetime import date, timedelta

import pytest

from streams.cli.main import run

FIRST = date(2025, 1, 1)


@pytest.fixture(scope="module")
def orders(tmp_path_factory):
    """A CSV file with a year of 300 customers, each at a rate of their own; half leave."""
    chance = random.Random(2)
    path = tmp_path_factory.mktemp("model") / "orders.csv"
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(("customer", "time", "total"))
        for number in range(300):
            rate, worth = chance.gammavariate(2, 0.02), chance.uniform(5, 90)
            day = chance.uniform(0, 200)
            while day < 365:
                at = FIRST + timedelta(days=int(day))
                writer.writerow(
                    (f"c{number}", f"{at}T12:00", f"{worth * chance.uniform(0.5, 1.5):.2f}")
                )
                if number % 2 and chance.random() < 0.2:
                    break
                day += chance.expovariate(rate)
    return path


def test_fit_prints_the_model_beside_the_baselines(orders, capsys):
    assert run(["model", "fit", "--file", str(orders)]) == 0
    told = capsys.readouterr().out
    for word in (
        "held out: the 91 days",
        "bg_nbd+window_before",
        "own_rate",
        "gamma_gamma",
        "RMSE",
    ):
        assert word in told


def test_fit_as_json_with_pictures(orders, capsys, tmp_path):
    arguments = ["--choose", "best", "--pictures", str(tmp_path), "--json", "--until", "2025-11-30"]
    assert run(["model", "fit", "--file", str(orders), *arguments]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["chosen"] == found["best"]
    figures = found["hold_out"]["figures"]
    assert figures[found["best"]]["rmse"] == min(one["rmse"] for one in figures.values())
    assert found["model"]["fitted_until"] == "2025-11-30"
    assert found["model"]["hold_out"]["rmse"] == figures[found["best"]]["rmse"]
    assert len(found["pictures"]) == 4
    assert (tmp_path / "orders-over-time.png").read_bytes().startswith(b"\x89PNG")
    for picture in ("orders-by-frequency.svg", "orders-over-time.svg"):
        assert ">bg_nbd</text>" in (tmp_path / picture).read_text(), "the legend names the lines"


def test_too_few_orders_are_status_1(tmp_path, capsys):
    file = tmp_path / "few.csv"
    rows = [f"c{n},2025-{1 + n % 12:02}-01,10" for n in range(12)]
    file.write_text("\n".join(["customer,time,total", *rows]))
    assert run(["model", "fit", "--file", str(file)]) == 1
    assert "nothing to test a model on" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("row", "problem"),
    [
        ("c1,yesterday,10", "row 2: field 'time' is 'yesterday'"),
        ("c1,2025-01-01,ten", "row 2: field 'total' is 'ten'"),
        (",2025-01-01,10", "row 2: customer is empty"),
    ],
)
def test_a_row_that_cannot_be_read_is_named(tmp_path, capsys, row, problem):
    file = tmp_path / "wrong.csv"
    file.write_text(f"customer,time,total\n{row}\n")
    assert run(["model", "fit", "--file", str(file)]) == 2
    assert problem in capsys.readouterr().err


def test_a_missing_column_is_named(tmp_path, capsys):
    file = tmp_path / "other.csv"
    file.write_text("who,time,total\nc1,2025-01-01,10\n")
    assert run(["model", "fit", "--file", str(file)]) == 2
    assert "no column 'customer'; found who, time, total" in capsys.readouterr().err


@pytest.mark.parametrize("code", ["XXX9", "pounds", ""])
def test_an_unknown_currency_is_refused(code, orders, capsys):
    assert run(["model", "fit", "--file", str(orders), "--currency", code]) == 2
    assert f"--currency is {code!r}, expected an ISO 4217 code" in capsys.readouterr().err


@pytest.mark.parametrize(
    "arguments", [["--demo", "--file", "x.csv"], ["--demo", "--at", "2026-01-01"]]
)
def test_options_that_exclude_each_other(arguments, capsys):
    assert run(["model", "fit", *arguments]) == 2
    assert "expected" in capsys.readouterr().err


def test_without_the_extra_it_says_how_to_get_it(monkeypatch, capsys):
    import sys

    for name in [name for name in sys.modules if name.startswith("streams.value")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.delattr("streams.value", raising=False)
    imported = builtins.__import__

    def without_scipy(name, *rest):
        if name.startswith("scipy"):
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)
        return imported(name, *rest)

    monkeypatch.setattr(builtins, "__import__", without_scipy)
    assert run(["model", "fit", "--demo"]) == 2
    assert "pip install 'sendflow[value]'" in capsys.readouterr().err
