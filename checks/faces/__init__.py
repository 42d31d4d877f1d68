"""What a student sees: the board, the card in a notebook, what comes at every save."""
