"""Addresses: which of the internet are public, so that fetching a picture reaches nothing else."""

from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network
from typing import Final

Address = IPv4Address | IPv6Address

# Public by the registries, but machinery: relays into IPv6, and what Azure tells its machines.
_MACHINERY: Final = (
    *(IPv4Network("192.0.0.0/24"), IPv4Network("192.88.99.0/24")),
    IPv4Network("168.63.129.16/32"),
)
_UNICAST: Final = IPv6Network("2000::/3")
"""All IPv6 that is public. Outside of it lie those that hold an IPv4 address (mapped, NAT64)."""

# Within it: protocols (with Teredo, which holds an IPv4 address), examples, 6to4 (which does too).
_NOT_PUBLIC: Final = tuple(
    map(IPv6Network, ("2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20"))
)


def is_public(address: Address) -> bool:
    """Whether an address is one of the public internet.

    It is not if it is private, of the machine itself, of its link, of a group, reserved, not
    specified, or one that stands for another address.

    >>> is_public(IPv4Address("127.0.0.1")), is_public(IPv6Address("::ffff:127.0.0.1"))
    (False, False)
    """
    if not address.is_global or address.is_multicast or address.is_reserved:
        return False
    if isinstance(address, IPv4Address):
        return not any(address in network for network in _MACHINERY)
    return address in _UNICAST and not any(address in network for network in _NOT_PUBLIC)
