"""CharLab: see a character-level language model learn, write and think."""

__version__ = "0.1.0"
