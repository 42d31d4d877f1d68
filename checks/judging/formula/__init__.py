"""What a function computes in place of its formula: every part of the formula is changed in turn.

The catalogue knows mistakes that somebody has written down. Here they are made: a formula is a few lines
of text, every operand, term, factor, constant, axis and function in them a place where something else
may stand. What a hand-in returned is compared with what the changed lines give, one change or two at once.
"""
