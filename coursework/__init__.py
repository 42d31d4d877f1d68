"""Image captioning from scratch: the hand-written module is coursework/captioning.py."""

__version__ = "0.1.0"
