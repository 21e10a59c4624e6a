"""Tables in files (CSV, JSONL, Parquet, Avro) and how their columns become fields of a metric.

pyarrow is imported here only. `tables.py` reads rows, `mapping.py` the `--map` options,
`convert.py` makes events of rows or refuses them by name.
"""
