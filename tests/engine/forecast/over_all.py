"""Expectations over all customers' rates, by Gaussian rules: nothing of the models' own algebra."""

from scipy.special import roots_genlaguerre, roots_jacobi


def gamma_rule(shape, scale):
    """(value, weight) of the Gamma distribution with this shape and rate parameter."""
    nodes, weights = roots_genlaguerre(120, shape - 1)
    return nodes / scale, weights / weights.sum()


def beta_rule(a, b):
    """(value, weight) of the Beta distribution."""
    nodes, weights = roots_jacobi(60, b - 1, a - 1)
    return (nodes + 1) / 2, weights / weights.sum()


def over_all(first, second, function):
    """The mean of `function` of two independent variables, each given by its rule."""
    (one, weight), (other, other_weight) = first, second
    values = function(one[:, None], other[None, :])
    return float(weight @ values @ other_weight)
