"""The embedded broker: noida-db as a child process, and a gateway before it that mends its answers.

The gateway is there because noida-db 0.2.3 names in every fetch answer all transactions that were
ever aborted, not only those within the fetched range, so that clients drop committed records; and
because it answers a fetch at once where there is nothing to fetch. The gateway may go when the
embedded broker names only the aborted transactions within the fetched range and waits as long as a
fetch allows; `sessions` may go when it ends the sessions of dead members. For the demo, `sendflow
broker` and the tests: production is Apache Kafka. Nothing here knows of tasks or shops; it may
import `streams.errors` alone. Start reading at `broker_process`.
"""
