"""Operations: what the CLI, the demo and a starting worker do to topics, beside the running tasks.

`publish` writes a set of definitions; `backfills`, `coupons` and `reviews` write what they are
named after; `members`, `waiting` and `states` read the committed states of all customers. Each
opens its own clients and returns when it's done. It may import the adapters (kafka, contracts,
definitions) and the engine, never the worker. Start reading at `publish`.
"""
