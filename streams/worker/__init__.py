"""The worker: a process that runs the tasks which its consumer group gives it.

`process` puts it together and ends it; `membership` says what the group and the tasks ask of each
other, and `faust/` does it. `tasks` knows which tasks live here, `slot` where each of them stands;
`opening` restores them, `fetching` reads their records, `slices` runs them, `cuts` moves their
clocks, `committing` begins their transactions. It may import all that is below it, `operations`
too; nothing but the CLI imports it. Start reading at `tasks`.
"""
