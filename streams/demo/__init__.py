"""The demo: a real shop's year as events, run through the embedded broker and workers.

`shop` makes the year out of the retail data (`retail`, `simulation`), `workers` starts worker
processes, `run` does all of it and `outcome` counts what came out. It may import everything but the
worker and the CLI. Start reading at `run`.
"""
