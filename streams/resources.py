"""Data files: beside the package in a checkout, inside it when installed."""

from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent


def schemas_dir() -> Path:
    """Folder of the Avro contracts (`*.avsc`) and of the flow language's JSON Schema."""
    return _folder("schemas")


def example_flows_dir() -> Path:
    """Folder of the example shop's definitions, which the demo publishes."""
    return _folder("flows")


def _folder(name: str) -> Path:
    shipped = _PACKAGE / "shipped" / name
    if shipped.is_dir():
        return shipped
    in_checkout = _PACKAGE.parent / name
    if in_checkout.is_dir():
        return in_checkout
    raise FileNotFoundError(
        f"{name}/ is neither at {shipped} (installed) nor at {in_checkout} (checkout): "
        "reinstall sendflow"
    )
