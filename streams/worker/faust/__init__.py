"""The worker's use of Faust: group membership, assignment, routed queries, the HTTP port.

Faust, mode and aiokafka are imported in this folder only, so that an upgrade of Faust touches it
alone. Records do not pass through Faust's consumer (`transport`, `agents`), and states are not kept
in its tables (`customer_table`).

    assignment  assignment.on_rebalance ──► input_topics.numbers ──► worker/tasks.assigned
    revocation  app.on_revoked ──► worker/tasks.revoked, or `lost` after an expulsion
    records     transport.getmany ──► agents.hand_on ──► worker/tasks.feed
    queries     routes ──► customer_table ──► worker/tasks.state_of

Of the worker it may import `group` and `fetching`. Start reading at `faust_group`, which implements
`worker/group.GroupMembership`, then `app`, which lists the replaced parts of Faust.
"""
