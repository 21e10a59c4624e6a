"""`sendflow model`: the purchase model, which predicts the orders of customers."""

import enum
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from streams.cli import options, output

if TYPE_CHECKING:
    from streams.value.model import FittedModel
    from streams.value.order_history import OrderHistory

EXTRA_MISSING = (
    "fitting a purchase model needs NumPy, SciPy and Altair: pip install 'sendflow[value]'"
)

_SOURCE, _FILE = "Orders", "Orders of a file"


class Kind(enum.Enum):
    """Probability models."""

    BG_NBD = "bg_nbd"
    MBG_NBD = "mbg_nbd"
    PARETO_NBD = "pareto_nbd"


class Choice(enum.Enum):
    """The candidate to publish."""

    MODEL = "model"
    BEST = "best"
    OWN_RATE = "own_rate"
    WINDOW_BEFORE = "window_before"


InForceAtOption = Annotated[
    str | None,
    typer.Option(metavar="MOMENT", help="In simulated time, from when on (default: stream time)."),
]


def fit(
    file: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="CSV, JSON or Parquet file with a row per order (default: the shop's states).",
            rich_help_panel=_SOURCE,
        ),
    ] = None,
    demo: Annotated[
        bool, typer.Option("--demo", help="The demo's orders.", rich_help_panel=_SOURCE)
    ] = False,
    until: Annotated[
        str | None,
        typer.Option(metavar="DAY", help="Last day of the orders.", rich_help_panel=_SOURCE),
    ] = None,
    customer_column: Annotated[
        str, typer.Option(metavar="NAME", rich_help_panel=_FILE)
    ] = "customer",
    time_column: Annotated[str, typer.Option(metavar="NAME", rich_help_panel=_FILE)] = "time",
    total_column: Annotated[str, typer.Option(metavar="NAME", rich_help_panel=_FILE)] = "total",
    zone: Annotated[
        str, typer.Option(metavar="ZONE", help="Zone of its days.", rich_help_panel=_FILE)
    ] = "UTC",
    currency: Annotated[
        str, typer.Option(metavar="CODE", help="Currency of its totals.", rich_help_panel=_FILE)
    ] = "EUR",
    model: Annotated[Kind, typer.Option(help="Probability model.")] = Kind.BG_NBD,
    choose: Annotated[
        Choice, typer.Option(help="Candidate to publish: the model, the best, or a baseline.")
    ] = Choice.MODEL,
    hold_out: Annotated[
        int | None,
        typer.Option(
            metavar="DAYS", min=1, help="Days held out (default: a quarter of the history)."
        ),
    ] = None,
    discount: Annotated[
        float,
        typer.Option(metavar="RATE", min=0, help="Yearly discount rate of revenue, 0.1: 10 %."),
    ] = 0.0,
    pictures: Annotated[
        Path | None,
        typer.Option(metavar="FOLDER", help="Write calibration pictures, SVG and PNG."),
    ] = None,
    publish: Annotated[bool, typer.Option("--publish", help="Put the model in force.")] = False,
    at: InForceAtOption = None,
    as_json: options.JsonOption = False,
    config: options.ConfigFileOption = None,
    brokers: options.BrokersOption = None,
    prefix: options.PrefixOption = None,
    simulated: options.SimulatedOption = False,
) -> None:
    """Fit a purchase model by maximum likelihood, test it on the last quarter of the orders beside
    two baselines, and publish it.

    \b
    Exit status: 0 fitted, 1 too few orders to fit or to test.
    Example: sendflow model fit --file orders.csv --choose best --pictures pictures --publish
    """
    settings = options.settings_from_options(
        config, brokers, prefix, record_time=options.record_time(simulated)
    )
    _check_options(file, demo=demo, publish=publish, at=at)
    value_model = _value_model()
    if demo:
        history = _demo_history()
    elif file is not None:
        columns = (customer_column, time_column, total_column)
        history = _history_in_file(file, columns, zone, currency)
    else:
        from streams.operations.refitting import shop_history

        history = shop_history(settings)
    if until is not None:
        history = history.until(_day(until))
    found = value_model.fit_model(
        history, model.value, choice=choose.value, held_out_days=hold_out, discount=discount
    )
    written = [] if pictures is None else _write_pictures(pictures, history, found)
    if as_json:
        output.print_json(_as_json(found, written))
    else:
        _print_fitted(history, found, written)
    if publish:
        from streams.operations.purchase_models import publish_model

        moment = None if at is None else options.moment(at, "--at")
        publish_model(settings, found.model, time.time_ns() // 1_000_000, moment)
        output.note(f"published: {found.model.id}", "green")


def refit_model(
    at: InForceAtOption = None,
    config: options.ConfigFileOption = None,
    brokers: options.BrokersOption = None,
    prefix: options.PrefixOption = None,
    simulated: options.SimulatedOption = False,
) -> None:
    """Fit the purchase model in force anew to the shop's orders, and publish it unless the fit is
    degenerate or worse on the last quarter.

    \b
    Exit status: 0 published, 1 the old one is kept, or there is none.
    Example: sendflow model refit
    """
    settings = options.settings_from_options(
        config, brokers, prefix, record_time=options.record_time(simulated)
    )
    _value_model()
    from streams.operations.refitting import refit_model_in_force

    moment = None if at is None else options.moment(at, "--at")
    found = refit_model_in_force(settings, time.time_ns() // 1_000_000, moment)
    if found.model is None:
        output.note(found.reason, "yellow")
        raise typer.Exit(output.NOT_SO)
    output.say(f"published: {found.model.id}; {found.reason}")


def show_model(
    as_json: options.JsonOption = False,
    config: options.ConfigFileOption = None,
    brokers: options.BrokersOption = None,
    prefix: options.PrefixOption = None,
) -> None:
    """Show the purchase model in force. Exit status 1 if there is none.

    \b
    Example: sendflow model show --json
    """
    from datetime import UTC, datetime

    import msgspec

    from streams.engine.forecast import named_parameters
    from streams.operations.purchase_models import newest_model

    published = newest_model(options.settings_from_options(config, brokers, prefix))
    if published is None:
        output.note("no purchase model published; publish one with `sendflow model fit --publish`")
        raise typer.Exit(output.NOT_SO)
    if as_json:
        output.print_json({"at": published.at, **msgspec.to_builtins(published.model)})
        return
    model = published.model
    since = datetime.fromtimestamp(published.at / 1000, UTC)
    output.say(f"{model.id}, in force since {since:%Y-%m-%d %H:%M} UTC")
    parts = [(one.kind, named_parameters(one.kind, one.parameters)) for one in model.parts]
    if model.order_value is not None:
        parts.append(("gamma_gamma", named_parameters("gamma_gamma", model.order_value)))
    rows = [
        (kind, ", ".join(f"{name} {value:.4g}" for name, value in named.items()))
        for kind, named in parts
    ]
    rows.append(("discount", f"{model.discount:.1%} a year"))
    rows.append(("fitted until", model.fitted_until or "given by hand"))
    rows += [(f"hold-out {name}", f"{value:.4g}") for name, value in model.hold_out.items()]
    output.print_table(("model", "is"), rows)


def _check_options(file: Path | None, *, demo: bool, publish: bool, at: str | None) -> None:
    """Raises Refused for options that exclude each other."""
    from streams.errors import Refused

    if file is not None and demo:
        raise Refused("--file and --demo are two sources, expected one")
    if at is not None and not publish:
        raise Refused("--at is the moment of --publish, expected with it")


def _value_model() -> Any:
    """The module `streams.value.model`. Raises Refused where its extra isn't installed."""
    from streams.errors import Refused

    try:
        from streams.value import model
    except ModuleNotFoundError as error:
        if (error.name or "").startswith("streams"):
            raise
        raise Refused(f"{EXTRA_MISSING} (no module {error.name})") from error
    return model


def _demo_history() -> "OrderHistory":
    from streams.demo.retail_orders import retail_history

    return retail_history()


def _history_in_file(
    file: Path, columns: tuple[str, str, str], zone: str, currency: str
) -> "OrderHistory":
    """Raises Refused for an unknown zone or currency, or a row that can't be read."""
    from zoneinfo import ZoneInfo

    from streams.engine.values import CURRENCIES
    from streams.errors import Refused
    from streams.operations.order_history import OrderColumns, history_in_file

    options.require_zone(zone, "--zone")
    if currency.upper() not in CURRENCIES:
        raise Refused(f"--currency is {currency!r}, expected an ISO 4217 code such as GBP")
    return history_in_file(file, OrderColumns(*columns), ZoneInfo(zone), currency.upper())


def _day(text: str) -> int:
    """The number of the day given to --until. Raises Refused."""
    from datetime import date

    from streams.errors import Refused

    try:
        return date.fromisoformat(text).toordinal()
    except ValueError:
        raise Refused(f"--until is {text!r}, expected a day such as 2026-03-02") from None


def _write_pictures(folder: Path, history: "OrderHistory", found: "FittedModel") -> list[Path]:
    """Raises Refused where files can't be written."""
    from streams.errors import Refused
    from streams.value.calibration import write_pictures

    try:
        return write_pictures(folder, history, found.held_out)
    except OSError as error:
        raise Refused(f"{folder}: cannot write: {error.strerror or error}") from error


def _print_fitted(history: "OrderHistory", found: "FittedModel", written: list[Path]) -> None:
    from streams.value.order_history import date_text

    held_out = found.held_out
    output.say(
        f"{output.count(len(history.days))} orders of {output.count(len(history.customers))} "
        f"customers, {date_text(history.start)} to {date_text(history.last)}; orders of one day "
        "are one"
    )
    output.say(
        f"held out: the {held_out.days} days after {date_text(held_out.cut)}: "
        f"{output.several(held_out.orders, 'order')} of {output.count(held_out.customers)} "
        "customers known by then"
    )
    rows = [
        (
            name,
            f"{one.total_error:+.1%}",
            f"{one.rmse:.3f}",
            f"{one.rank_correlation:.3f}",
            f"{one.top_fifth:.1%}",
        )
        for name, one in held_out.figures.items()
    ]
    columns = ("candidate", "total error", "RMSE", "rank correlation", "top fifth found")
    output.print_table(columns, rows)
    output.say(_verdict(found))
    estimates = [found.orders, *([] if found.values is None else [found.values])]
    output.print_table(
        ("model", "parameter", "value", "standard error"),
        [
            (one.kind, name, f"{value:.4g}", "" if error is None else f"{error:.2g}")
            for one in estimates
            for name, value, error in zip(one.names, one.parameters, one.errors, strict=True)
        ],
    )
    output.say(
        f"log-likelihood {found.orders.log_likelihood:.1f}; rank correlation between a customer's "
        f"orders and their mean value: {found.value_correlation:.2f} (Gamma-Gamma: 0)"
    )
    for remark in found.remarks:
        output.say(remark, "yellow")
    for path in written:
        output.say(f"written: {path}")


def _verdict(found: "FittedModel") -> str:
    """The sentence on the candidate that did best."""
    held_out = found.held_out
    best, model = held_out.best, held_out.model
    figures = held_out.figures
    if best == model:
        return f"{model} has the least RMSE of all; chosen: {found.chosen}"
    return (
        f"{best} does better than {model} here: RMSE {figures[best].rmse:.3f} against "
        f"{figures[model].rmse:.3f}; chosen: {found.chosen}"
        + ("" if found.chosen == best else " (--choose best takes the better one)")
    )


def _as_json(found: "FittedModel", written: list[Path]) -> dict[str, Any]:
    import dataclasses

    import msgspec

    from streams.value.order_history import date_text

    held_out = found.held_out
    return {
        "model": msgspec.to_builtins(found.model),
        "chosen": found.chosen,
        "best": held_out.best,
        "hold_out": {
            "cut": date_text(held_out.cut),
            "days": held_out.days,
            "customers": held_out.customers,
            "orders": held_out.orders,
            "figures": {name: dataclasses.asdict(one) for name, one in held_out.figures.items()},
        },
        "orders": dataclasses.asdict(found.orders),
        "order_value": None if found.values is None else dataclasses.asdict(found.values),
        "value_correlation": found.value_correlation,
        "remarks": found.remarks,
        "pictures": [str(path) for path in written],
    }
