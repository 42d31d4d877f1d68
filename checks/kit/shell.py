"""What a setup cell needs of IPython, and no more."""

import types


class Shell:
    """What stands in for the notebook's shell: it remembers the magics."""

    def __init__(self):
        self.magics = []

    def run_line_magic(self, *magic):
        self.magics.append(magic)

    @property
    def magics_manager(self):
        return types.SimpleNamespace(magics={"line": dict(self.magics)})

    @property
    def events(self):
        return types.SimpleNamespace(register=lambda _, hook: setattr(self, "look", hook))
