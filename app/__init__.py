"""Who asked, who was picked, what has happened since."""

__version__ = "0.1.0"
