"""Points and weights for integrals over a span of days.

A rate of orders falls from today on, steeply at first. In w = log(1 + s / scale), s days from now,
it is smooth enough for a Gauss-Legendre rule of six points: for 90 and 365 days the relative error
is below 1e-8 from a scale of 60 days up, and below 1e-6 from 10 days up, where the scale is a
parameter of the model (CDNOW: 31 days) plus the customer's age
(tests/engine/forecast/test_beta_geometric.py). A value of 4 decimals needs no more.
"""

POINTS = (
    (0.033765242898423975, 0.08566224618958525),
    (0.1693953067668677, 0.1803807865240693),
    (0.3806904069584015, 0.23395696728634563),
    (0.6193095930415985, 0.23395696728634563),
    (0.8306046932331324, 0.1803807865240693),
    (0.966234757101576, 0.08566224618958525),
)
"""(abscissa, weight) of the rule on [0, 1] (Abramowitz and Stegun 25.4.30)."""
