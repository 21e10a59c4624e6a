"""Sendflow: decides, per customer and in the moment, which message a shop should send.

`task.py` is the one place where state, time and output meet. Below it: `engine/` (pure), `runtime/`
(the parts of a task). Beside it, one technology each: `kafka/`, `store/`, `contracts/`,
`definitions/`, `files/`. Above: `worker/`, `operations/`, `replay/`, `flowtest/`, `demo/`, `cli/`.
"""

__version__ = "0.1.0"
