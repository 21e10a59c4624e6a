"""The worker: a process that runs the tasks assigned to it by its consumer group.

`process` assembles and ends it; `group` is the protocol between consumer group and tasks, and
`faust/` implements it. `tasks` holds the tasks of this worker, `slot` the state of each; `opening`
restores them, `fetching` reads their records, `slices` runs them, `end_offsets` advances their
clocks, `committing` begins their transactions. `pauses` measures what holds up the event loop,
`garbage` and `allocator` keep that short and memory small. `supervision` runs several such
processes as one worker. It may import everything below it, `operations` too; nothing but the CLI
imports it. Start reading at `tasks`.
"""
