"""`AI_PROVIDER=local`: image filters on this machine, not AI."""

from backend.upstreams.local.engine import LocalUpstream

DISPLAY_NAME = "本地滤镜(非 AI) / Local filters (not AI)"

__all__ = ["DISPLAY_NAME", "LocalUpstream"]
