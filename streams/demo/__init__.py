"""The demo: one year of a real shop as events, run through the embedded broker and workers.

`shop` builds the year from the retail data (`retail`, `simulation`), `workers` starts worker
processes, `run` drives the demo and `counts` counts the outputs. Imports anything but the worker
and the CLI. Start reading at `run`.
"""
