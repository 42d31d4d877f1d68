"""What a student hands in: the module, the answers out of the notebooks, the results out of the runs."""
