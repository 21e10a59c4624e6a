"""Measurements: the whole job against its peers, and the parts of it. Never a test of speed.

run          `make bench`: all of it              tables     the result as tables
throughput   CPU per event in catch-up            progress   a run, by its committed offsets
latency      from an order to its command         load       the events, at a steady pace
pauses       longest stop of a worker's loop      machine    CPU times, loudness
offline      the task alone; two checkouts        pairs      quartiles, ratios
parts, engine, contracts, many_flows, schedule    single costs
jobs, peers, same_job, rounds                     what is compared, by which definitions, in turns
workload, shop_topics, warm_up                    the events, their topics, a warm broker
command_reader                                    the commands of a job, for its latency
offline_records, offline_run                      the input of `offline`, and one run of it
"""
