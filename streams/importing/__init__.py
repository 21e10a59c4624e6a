"""Events of files and of the demo into the input topics: live, or as a past in order of time."""
