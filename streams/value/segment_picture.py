"""The size of a segment over time, as a picture."""

from collections.abc import Sequence
from pathlib import Path

import altair as alt

_WIDTH, _HEIGHT = 720, 280
_PIXELS_PER_POINT = 2
"""Of a PNG, for screens with as many."""


def draw_sizes(segment: str, sizes: Sequence[tuple[str, int]], picture: Path) -> None:
    """Draws the members at the end of each day: (YYYY-MM-DD, number), in order. The name of
    `picture` ends in .svg or .png. Raises OSError if it can't be written."""
    data = alt.InlineData(values=[{"day": day, "members": members} for day, members in sizes])
    sequence = alt.Chart(data).encode(
        x=alt.X(
            "day:T",
            title=None,
            scale=alt.Scale(type="utc"),
            axis=alt.Axis(format="%d %b", labelOverlap=True, grid=False),
        ),
        y=alt.Y("members:Q", title="members at the end of the day", scale=alt.Scale(zero=True)),
    )
    chart = (
        sequence.mark_area(opacity=0.15, interpolate="step-after")
        + sequence.mark_line(interpolate="step-after", point=len(sizes) <= 31)
    ).properties(
        width=_WIDTH, height=_HEIGHT, title=alt.Title(f"Segment {segment}", anchor="start")
    )
    chart.configure_view(stroke=None).save(str(picture), scale_factor=_PIXELS_PER_POINT)
