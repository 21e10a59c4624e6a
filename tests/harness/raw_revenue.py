"""The revenue of each customer of the demo, net of refunds, from the raw file alone: by DuckDB,
with none of our code."""

from datetime import date

import duckdb

from streams.demo.retail import CHARGES, DATA

_REVENUE = """
    WITH numbered AS (
        SELECT *, file_row_number AS place FROM read_parquet($1, file_row_number=true)
    ),
    -- Lines without a customer have no key; an exact duplicate within an invoice is a double entry.
    lines AS (
        SELECT min(place) AS place, invoice, customer_id, invoice_date, country, stock_code,
            description, quantity, unit_price
        FROM numbered WHERE customer_id IS NOT NULL AND invoice_date < $3
        GROUP BY ALL
    ),
    invoices AS (
        SELECT invoice, arg_min(customer_id, place) AS customer,
            row_number() OVER (ORDER BY arg_min(invoice_date, place), min(place)) AS number,
            sum(quantity * CAST(round_even(unit_price * 100, 0) AS BIGINT)) AS total
        FROM lines GROUP BY invoice
    ),
    articles AS (
        SELECT DISTINCT invoice, customer, number, stock_code,
            starts_with(invoice, 'C') AS is_refund
        FROM lines JOIN invoices USING (invoice) WHERE NOT list_contains($2, stock_code)
    ),
    -- A refund goes to the earlier order with the most of its articles, the newest of equals.
    shared AS (
        SELECT back.invoice AS refund, bought.invoice AS ordered, bought.number, count(*) AS held
        FROM articles AS back JOIN articles AS bought USING (customer, stock_code)
        WHERE back.is_refund AND NOT bought.is_refund AND bought.number < back.number
        GROUP BY ALL
    ),
    linked AS (
        SELECT refund, arg_max(ordered, (held, number)) AS ordered FROM shared GROUP BY refund
    ),
    taken AS (
        SELECT linked.ordered AS invoice, sum(abs(invoices.total)) AS amount
        FROM linked JOIN invoices ON invoices.invoice = linked.refund GROUP BY linked.ordered
    )
    -- No more is taken off an order than it is worth.
    SELECT customer, CAST(sum(CASE
        WHEN starts_with(invoice, 'C') THEN 0
        ELSE total - least(greatest(total, 0), coalesce(amount, 0)) END) AS BIGINT)
    FROM invoices LEFT JOIN taken USING (invoice) GROUP BY customer
"""


def raw_revenue(before: date = date.max) -> dict[str, int]:
    """By customer id, in minor units, of the invoices before this day in London; 0 for a customer
    with refunds only."""
    with duckdb.connect() as database:
        database.execute("SET enable_progress_bar = false")
        rows = database.execute(_REVENUE, [str(DATA), sorted(CHARGES), before]).fetchall()
    return dict(rows)
