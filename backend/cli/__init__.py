"""`nano-banana`: what an operator types."""

from backend.cli.commands import main

__all__ = ["main"]
