"""Tables in files (CSV, JSONL, Parquet, Avro) and how their columns become fields of a metric."""
