"""The parts of a partition task: merge, clock, timers, cache, life cycle. Pure: no Kafka, no Faust,
no wall clock; time comes in as an argument."""
