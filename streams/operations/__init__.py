"""Operations: what the CLI, the demo and a starting worker do to topics, beside the running tasks.

`publish` writes sets of definitions; `backfill_plan`, `coupon_loading` and `reviews` write
requests, codes and reviews; `members`, `waiting_counts` and `customer_states` read the committed
states of all customers, `coupon_counts` what became of codes. Each opens its own clients and
returns when it is done. It may import the adapters (kafka, contracts, definitions) and the engine,
never the worker. Start reading at `publish`."""
