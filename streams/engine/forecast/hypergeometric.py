# cython: annotation_typing=True
"""Gauss's hypergeometric function (NIST Digital Library of Mathematical Functions, chapter 15)."""


def power_series(a: float, b: float, c: float, z: float) -> float:
    """₂F₁(a, b; c; z) for 0 ≤ `z` < 1 and `c` > 0, to 14 digits (DLMF 15.2.1).

    Below `a` = −6 the signs of its terms cost digits: a purchase model has −(r + 1) at least.
    More than 10,000 terms are needed only for an argument above 0.997: a purchase model with a
    scale below one day, on the day of a customer's first order. The rest of the sum is left out.
    """
    term: float = 1.0
    total: float = 1.0
    ratio: float = 0.0
    n: float = 0.0
    while n < 10_000.0:
        ratio = (a + n) * (b + n) / ((c + n) * (n + 1.0)) * z
        term *= ratio
        total += term
        if abs(term) <= 1e-14 * abs(total) and abs(ratio) < 1.0:
            break
        n += 1.0
    return total
