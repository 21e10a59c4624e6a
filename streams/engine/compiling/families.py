"""All families of the flow language, for reading, checking and compiling."""

from streams.engine.conditions import CONDITIONS
from streams.engine.language import Families
from streams.engine.steps import STEPS
from streams.engine.triggers import TRIGGERS

FAMILIES = Families({"condition": CONDITIONS, "step": STEPS, "trigger": TRIGGERS})
