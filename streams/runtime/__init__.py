"""The parts of a partition task: inputs and their merge, timers and visits, what is in force, its
customers, what the next transaction holds; and its life cycle. Pure: no Kafka, no Faust, no wall
clock; time comes in as an argument."""
