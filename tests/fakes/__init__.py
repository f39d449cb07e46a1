"""Fake upstreams: real HTTP servers on loopback that speak the vendors' wire formats."""
