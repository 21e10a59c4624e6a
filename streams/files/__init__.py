"""Tables in files (CSV, JSONL, Parquet, Avro), and mappings of their columns to fields of a metric.

pyarrow is imported here only. `tables.py` reads rows, `mapping.py` the `--map` options, and maps
rows to events or rejections; `convert.py` converts single values.
"""
