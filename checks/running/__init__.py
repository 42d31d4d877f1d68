"""A hand-in's functions run on the cases: in this process, or in one that can be stopped."""
