"""Sendflow: decides, per customer and in the moment, which message a shop should send.

`task.py` is the one place where state, time and output meet.

    below it        engine/ (the rules, pure), runtime/ (parts of a task), ports.py (its protocols)
    one technology  kafka/, store/ (RocksDB), contracts/ (Avro), definitions/ (YAML), files/,
                    web/ (views of the port), embedded/ (a broker as a child process)
    around it       programs.py (records of `control`), local.py (a task on logs in memory)
    above           worker/, operations/, importing/, replay/, flowtest/, demo/, cli/
    everywhere      settings.py, errors.py, metrics.py, resources.py (data files)
    faster          compiled/ (the hot modules through a compiler, if there is one)
"""

import os
import sys

from streams.compiled import VARIABLE, FormUnavailable, use_form

try:
    use_form(os.environ.get(VARIABLE))
except FormUnavailable as error:
    # Before any command runs: as one that is used wrongly, without a traceback.
    print(f"sendflow: {error}", file=sys.stderr)
    sys.exit(2)

__version__ = "0.1.0"
