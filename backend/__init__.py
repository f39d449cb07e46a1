"""Nano-Banana: self-hosted batch image-to-image."""

__version__ = "0.1.0"
