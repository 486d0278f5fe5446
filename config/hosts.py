"""Hosts: which of them can only be this machine."""

import ipaddress


def is_loopback(host: str) -> bool:
    """Whether the host can only be this machine; IPv6 addresses also in brackets."""
    if host.lower() == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False
