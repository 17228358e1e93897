"""Makes a Linux host quiet enough to trade on, proves it, and puts everything back."""

__version__ = "0.1.0"
