"""The worker: a process that runs the tasks which its consumer group gives it.

`process` puts it together and ends it; `tasks` knows which tasks live here and `slot` where each of
them stands; `slices` runs and commits them, `cuts` moves their clocks, `fetching` reads their
records, `opening` restores them. All that knows Faust is in `faust/`. It may import everything
below it, `operations` too, and nothing imports it but the CLI. Start reading at `tasks`.
"""
