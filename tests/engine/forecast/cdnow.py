"""The CDNOW sample's parameters, in weeks, as published."""

BG_NBD = (0.243, 4.414, 0.793, 2.426)
"""r, α, a, b: Fader, Hardie and Lee (2005), table 2."""
MBG_NBD = (0.525, 6.183, 0.891, 1.614)
"""r, α, a, b: as Batislam, Denizel and Filiztekin's model is estimated by BTYDplus (Platzer)."""
PARETO_NBD = (0.553, 10.578, 0.606, 11.669)
"""r, α, s, β: Fader, Hardie and Lee (2005), table 2."""
GAMMA_GAMMA = (6.25, 3.74, 15.44)
"""p, q, γ: Fader and Hardie (2013), in dollars."""
