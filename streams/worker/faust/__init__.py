"""The worker's use of Faust: group membership, assignment, routed queries, the HTTP port.

Faust, mode and aiokafka are imported in this folder only, so that an upgrade of Faust touches it
alone. Records do not pass through Faust's consumer (see `transport`), and states are not kept in
its tables (`customer_table`). Of the worker it may import `group` and `fetching`. Start reading at
`group`, then `app`, which lists the replaced parts of Faust.
"""
