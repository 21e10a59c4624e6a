"""Kafka's brokers, through librdkafka: the one package that imports confluent_kafka.

`consumer.py` fetches inputs, `producer.py` is the transactional producer of one task,
`changelog.py` restores a task's state, `topics.py` knows how topics must be, `failures.py` sorts
the client's errors by what the caller must do.
"""
