"""The modules that are compiled: those that run for every event.

Compiling others would make the build longer and nothing faster: functions of the modules below
run at every other event or more often in `python -m benchmarks.offline --profile FILE`.
"""

_BY_PACKAGE = {
    "streams.engine.conditions": (
        "by_day comparison condition count profile since_last timeframe trigger truth value where"
    ),
    "streams.engine.content": "about_customer items texts",
    "streams.engine.customer": (
        "addresses again carts concluded duplicates flow_entries interest journey known_orders "
        "lifetime_value limits ordered_articles orders past profile_updates purchase_counts "
        "situation state touches update"
    ),
    "streams.engine.deciding": (
        "act by_event by_time change conversion entry moves scan segment_membership"
    ),
    "streams.engine.effects": "decision effects",
    "streams.engine.forecast": (
        "beta_geometric bg_nbd gamma_gamma hypergeometric mbg_nbd own_rate pareto_nbd predictions "
        "purchase_model purchases quadrature window_before"
    ),
    "streams.engine.language": "profile_field references",
    "streams.engine.program": "audience program step turn walk",
    "streams.engine.sending": (
        "caps consent coupon expires message no_items recipient smart_sending status"
    ),
    "streams.engine.steps": "if_ send wait wait_for",
    "streams.engine.values": "distribution event identity money packed_fields",
    "streams.runtime": (
        "acting agenda cache commit coupon_book customer_rows customers day_purchases days merge "
        "order records scans timers uncommitted valuation"
    ),
    "streams.runtime.time_policy": "live",
    "streams.contracts": (
        "compiled_reader compiled_writer decode decisions encode meaning record_reader "
        "record_writer"
    ),
    "streams.store": "layout",
    "streams": "task",
}

HOT = tuple(
    f"{package}.{module}" for package, modules in _BY_PACKAGE.items() for module in modules.split()
)
"""Their names. Those written in `.pyx` have an interpreted form of another name (codecs.py)."""
