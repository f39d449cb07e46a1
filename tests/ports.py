"""Ports for servers that stop and come back."""

import contextlib
import random
import socket

BELOW_EPHEMERAL = range(20_000, 30_000)


def free_port() -> int:
    """A loopback port that nothing else is given while its server is away.

    Those that a system hands out by itself would not do: one of the many connections of a test run may get it, and a client
    that keeps knocking at it may even be connected to itself.
    """
    for port in random.sample(BELOW_EPHEMERAL, 100):
        with contextlib.suppress(OSError), socket.socket() as probe:
            probe.bind(("127.0.0.1", port))
            return port
    raise RuntimeError("no free port was found")
