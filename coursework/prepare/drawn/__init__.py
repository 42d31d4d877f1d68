"""Drawn scenes: the painter, and the sentences that are true of what it paints."""
