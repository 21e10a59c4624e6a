"""Access to Kafka through librdkafka: the only package that imports confluent_kafka.

`consumer.py` fetches inputs, `producer.py` is the transactional producer of one task,
`changelog.py` restores a task's state, `topics.py` is the table of topics and their required
configuration, `failures.py` sorts the client's errors by the reaction of the caller.
"""
