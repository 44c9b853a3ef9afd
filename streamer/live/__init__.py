"""Process control and the screen of ``live`` and ``demo``."""
