"""The command `sendflow`: one file per command, the tree of them in `main.py` (DESIGN 8).

Parses options and prints; everything else is done by the packages below. typer and rich are
imported here only. `output.py` holds the forms of output, `options.py` the options that repeat.
"""
