"""A newer handout brought into the one that a student works in: nothing that the student wrote is lost."""
