"""A worker of several processes: a supervisor and the members of the group that it starts.

    supervisor ── starts, starts again, stops ──► child ──► a worker process (worker/process.py)
        │                                                      ▲
        └── front (web_port): one HTTP server for all ── Unix sockets

`states`, `restarts`, `cores`, `merging` and `metrics_text` are pure; `child` is one process and
its pipe, `member` its other end, `front` the HTTP server. A child is a worker like any other: it
joins the group, opens its tasks and fences for itself; stores pass from one to the other in the
shared data directory by RocksDB's lock. It may import everything of the worker; only the CLI
imports it. Start reading at `supervisor`.
"""
