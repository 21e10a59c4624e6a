"""Purchase models from a shop's orders: estimated, tried on orders held out, drawn.

    OrderHistory ──► fit.py ──► Estimate ──► PurchaseModel
         │                                        │
         └── hold_out.py: the models and the baselines on the last quarter

Needs NumPy, SciPy and Altair (`pip install 'sendflow[value]'`); no worker imports it.
"""
