"""CharLab: see a character-level language model learn, write and predict."""

__version__ = "0.1.0"
