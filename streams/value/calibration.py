"""Pictures of how a model was calibrated: expected orders beside those that came."""

from pathlib import Path
from typing import Any

import altair
import numpy as np

from streams.engine.forecast import Part
from streams.value.hold_out import HoldOut
from streams.value.order_history import CustomerArrays, OrderHistory
from streams.value.vectorised import expected_of_part

alt: Any = altair  # its types know no chained calls, and no data without a frame

MOST_REPEATS = 7
"""Customers who ordered again so often or oftener are shown together."""
ACTUAL = "actual"
FORMATS = ("svg", "png")
_COLOURS = ("#222222", "#0b7285", "#e8590c", "#5f3dc4", "#2b8a3e")


def orders_by_frequency(held_out: HoldOut, repeats: Any, names: list[str]) -> list[dict[str, Any]]:
    """Mean orders of the held-out days, by repeated orders until the cut: rows with `repeats`,
    `customers`, `orders` and `series` (ACTUAL or the name of a candidate)."""
    groups = np.minimum(repeats, MOST_REPEATS)
    series = {ACTUAL: held_out.actual} | {name: held_out.expected[name] for name in names}
    return [
        {
            "repeats": f"{group}+" if group == MOST_REPEATS else str(group),
            "customers": int((groups == group).sum()),
            "orders": float(values[groups == group].mean()),
            "series": name,
        }
        for group in np.unique(groups)
        for name, values in series.items()
    ]


def orders_over_time(history: OrderHistory, held_out: HoldOut) -> list[dict[str, Any]]:
    """Repeated orders of the customers known at the cut, added up week by week from their first
    orders on: those that came, and those that the model expects of customers of whom nothing is
    known but the day of their first order. Rows with `week`, `orders` and `series`."""
    places = history.known_on(held_out.cut)
    firsts = history.first_day[places]
    start, end = history.start, held_out.cut + held_out.days
    is_known = np.isin(history.owners, places[firsts >= start])
    days = history.days[is_known]
    firsts = firsts[firsts >= start]
    first_days, number = np.unique(firsts, return_counts=True)
    part = held_out.candidates[held_out.model].parts[0]
    rows = []
    for day in range(start, end + 1, 7):
        spans = np.maximum(day - first_days, 0).astype(float)
        came = int((days <= day).sum()) - int((firsts <= day).sum())
        expected = float(number @ _of_new_customers(part, spans))
        week = (day - start) / 7
        rows.append({"week": week, "orders": float(came), "series": ACTUAL})
        rows.append({"week": week, "orders": expected, "series": held_out.model})
    return rows


def _of_new_customers(part: Part, spans: Any) -> Any:
    """The orders expected within so many days of a first order."""
    zeros, none = np.zeros(len(spans)), np.array([], dtype=np.int64)
    new = CustomerArrays(zeros.astype(int) + 1, zeros, zeros, zeros, none.astype(float), none)
    return expected_of_part(part, new, 0.0, spans)


def frequency_picture(rows: list[dict[str, Any]], days: int) -> Any:
    """Draws `orders_by_frequency`."""
    names = list(dict.fromkeys(row["series"] for row in rows))
    return (
        alt.Chart(
            alt.Data(values=rows),
            title=alt.Title(
                f"Orders of the {days} days held out",
                subtitle="mean of all customers with so many repeated orders before",
            ),
            width=520,
            height=300,
        )
        .mark_line(point=alt.OverlayMarkDef(size=45, filled=True))
        .encode(
            x=alt.X(
                "repeats:N", title="repeated orders before", sort=None, axis=alt.Axis(labelAngle=0)
            ),
            y=alt.Y("orders:Q", title="orders per customer"),
            color=_colour(names),
            strokeDash=_dash(names),
        )
    )


def time_picture(rows: list[dict[str, Any]], cut_week: float) -> Any:
    """Draws `orders_over_time`, with a line at the cut."""
    names = list(dict.fromkeys(row["series"] for row in rows))
    lines = (
        alt.Chart(alt.Data(values=rows))
        .mark_line()
        .encode(
            x=alt.X("week:Q", title="weeks from the first order of the shop"),
            y=alt.Y("orders:Q", title="repeated orders so far"),
            color=_colour(names),
            strokeDash=_dash(names),
        )
    )
    rule = (
        alt.Chart(alt.Data(values=[{"week": cut_week}]))
        .mark_rule(color="#868e96")
        .encode(x="week:Q")
    )
    return alt.layer(lines, rule).properties(
        width=520,
        height=300,
        title=alt.Title(
            "Repeated orders, added up",
            subtitle="fitted to the left of the line, held out to the right",
        ),
    )


def _colour(names: list[str]) -> Any:
    return alt.Color(
        "series:N", title=None, sort=None, scale=alt.Scale(domain=names, range=list(_COLOURS))
    )


def _dash(names: list[str]) -> Any:
    """The line of actual orders is whole, others are broken: told apart without colours too."""
    dashes = [[1, 0], *([[6, 3], [2, 2], [8, 2, 2, 2], [4, 4]][: len(names) - 1])]
    scale = alt.Scale(domain=names, range=dashes)
    return alt.StrokeDash("series:N", title=None, sort=None, scale=scale)


def write_pictures(folder: Path, history: OrderHistory, held_out: HoldOut) -> list[Path]:
    """Writes both pictures of the model, and of the best candidate if that is another, as SVG and
    PNG into `folder`. Raises OSError."""
    folder.mkdir(parents=True, exist_ok=True)
    names = list(dict.fromkeys((held_out.model, held_out.best)))
    repeats = history.on(held_out.cut).repeats
    by_frequency = orders_by_frequency(held_out, repeats, names)
    over_time = orders_over_time(history, held_out)
    cut_week = (held_out.cut - history.start) / 7
    pictures = {
        "orders-by-frequency": frequency_picture(by_frequency, held_out.days),
        "orders-over-time": time_picture(over_time, cut_week),
    }
    written = []
    for name, picture in pictures.items():
        for suffix in FORMATS:
            path = folder / f"{name}.{suffix}"
            picture.save(str(path), **({"scale_factor": 2} if suffix == "png" else {}))
            written.append(path)
    return written
