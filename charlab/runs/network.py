"""At which address of a network other machines reach this one."""

from __future__ import annotations

import socket

_ELSEWHERE = ("192.0.2.1", 9)  # an address for examples (RFC 5737), which no machine has


def own_address() -> str:
    """The IPv4 address of this machine's way to the network, or "" where it has none. Nothing is sent."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(_ELSEWHERE)
        except OSError:  # no network
            return ""
        return probe.getsockname()[0]
