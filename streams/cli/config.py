"""`sendflow config`: all settings with value and origin."""

from streams.cli import options, output


def config(
    config: options.ConfigFileOption = None,
    brokers: options.BrokersOption = None,
    prefix: options.PrefixOption = None,
    as_json: options.JsonOption = False,
) -> None:
    """List all settings with value and origin. Secrets are hidden.

    \b
    Example: SENDFLOW_PARTITIONS=4 sendflow config
    """
    from streams.settings import setting_rows

    rows = list(setting_rows(options.settings_with_origins(config, brokers, prefix)))
    if as_json:
        output.print_json(
            {name: {"value": value, "origin": origin} for name, value, origin in rows}
        )
    else:
        output.print_table(("setting", "value", "from"), rows)
