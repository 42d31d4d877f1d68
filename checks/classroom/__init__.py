"""The instructor's side: what makes a handout of the reference, and proves it. Never in a handout itself."""
