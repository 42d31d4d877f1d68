"""Learning: a bundle and a recipe become a run."""
