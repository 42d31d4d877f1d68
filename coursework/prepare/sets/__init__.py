"""Data sets as they are published, or as they lie in a folder: found, chosen from, made a source."""
