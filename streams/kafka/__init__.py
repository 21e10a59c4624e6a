"""All that is said to Kafka's brokers, through librdkafka: the one package that imports it."""
