"""From answers to a verdict: what is wrong, and which mistake it is. No student's code, no torch."""
