"""The embedded broker: noida-db as a child process behind a gateway that corrects its responses.

The gateway exists because noida-db 0.2.3 lists in every fetch response all transactions ever
aborted, not only those within the fetched range, so that clients drop committed records; and
because it answers an empty fetch immediately. Remove the gateway when the embedded broker lists
only the aborted transactions within the fetched range and waits as long as a fetch allows; remove
`sessions` when it expires the sessions of dead members. For the demo, `sendflow broker` and the
tests: production is Apache Kafka. Imports `streams.errors` alone. Start at `broker_process`.
"""
