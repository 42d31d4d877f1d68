"""A student's file, loaded: in the kit's own layout, or in one of two that other courses have."""
