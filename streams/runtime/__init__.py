"""The parts of a partition task, which `task.py` puts together and draws.

Pure: no Kafka, no Faust, no wall clock; time is an argument.

    inputs        merge.py, order.py, time_policy/ (live or simulated), records.py (by type)
    what is next  agenda.py; timers.py, scans.py; firing.py (runs what is due)
    deciding      acting.py (for every cause), in_force.py (definitions and facts), news.py
    state         customers.py, cache.py; own_keys.py with coupon_book.py, products.py,
                  article_reports.py, days.py and day_purchases.py
    facts         day_facts.py, article_facts.py (added up over all tasks, by the facts agent)
    transaction   uncommitted.py, commit.py, side_outputs.py (dead letters, late records)
    life cycle    lifecycle.py (states of a task in its worker)
"""
