"""Faust as the worker uses it: group membership, assignment, routed queries, the HTTP port.

Only here Faust, mode and aiokafka are imported, so an upgrade of Faust touches this folder
alone. Records don't pass through Faust's consumer (`transport` says why), states aren't kept in its
tables (`customer_table`). Of the worker it may import `group` and `fetching`. Start reading at
`group`, then `app`, which says what of Faust is replaced by what of ours.
"""
