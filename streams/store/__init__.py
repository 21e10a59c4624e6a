"""Where a task's state is kept between commits: a cache of the changelog, never ahead of it."""
