"""Whether an address may be called at all.

Promises: only http and https, never with user-info; *every* address that a host resolves to is public, or
lies in a network that the operator allowed; plain http goes to allowed networks only. However a host is
spelt, what counts is what it resolves to. Never dials anything: the sender asks `check` first and dials
after it, to the addresses that it returns once connections are pinned to them.
"""

from __future__ import annotations

import ipaddress
import re
import socket
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Final, NamedTuple
from urllib.parse import urlsplit

from connector.errors import ConfigurationInvalid, EgressRefused, VendorUnavailable
from connector.wire import origin_of

__all__ = [
    "ADDRESS_CLASSES",
    "VARIABLE",
    "Address",
    "Egress",
    "Network",
    "address_class",
    "require_same_origin",
    "same_origin",
]

VARIABLE: Final = "CONNECTOR_ALLOW_NETWORKS"

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network
Resolve = Callable[[str, int], list[str]]


def _networks(*texts: str) -> tuple[Network, ...]:
    return tuple(ipaddress.ip_network(text) for text in texts)


METADATA: Final = "cloud metadata"

ADDRESS_CLASSES: Final[dict[str, tuple[Network, ...]]] = {
    # What hands a machine's own credentials to whoever asks from it.
    METADATA: _networks(
        "169.254.169.254/32",
        "169.254.170.2/32",
        "169.254.170.23/32",
        "100.100.100.200/32",
        "168.63.129.16/32",
        "192.0.0.192/32",
        "fd00:ec2::254/128",
        "fd00:ec2::23/128",
        "fd20:ce::254/128",
    ),
    "unspecified": _networks("0.0.0.0/8", "::/128"),
    "loopback": _networks("127.0.0.0/8", "::1/128"),
    "private": _networks(
        "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "fc00::/7", "fec0::/10", "64:ff9b:1::/48"
    ),
    "carrier-grade NAT": _networks("100.64.0.0/10"),
    "link-local": _networks("169.254.0.0/16", "fe80::/10"),
    "multicast": _networks("224.0.0.0/4", "ff00::/8"),
    "documentation": _networks(
        "192.0.2.0/24", "198.51.100.0/24", "203.0.113.0/24", "2001:db8::/32", "3fff::/20"
    ),
    "benchmarking": _networks("198.18.0.0/15", "2001:2::/48"),
    "reserved": _networks(
        "192.0.0.0/24", "192.88.99.0/24", "240.0.0.0/4", "100::/64", "2001:10::/28", "5f00::/16"
    ),
}
"""Names of what is not the public internet, in the order in which they are tried."""


class _Embedding(NamedTuple):
    """IPv6 addresses that stand for IPv4 ones: `shift` bits from the right, turned where `mask` has ones."""

    name: str
    network: Network
    shift: int = 0
    mask: int = 0


_FULL: Final = 0xFFFF_FFFF
_EMBEDDINGS: Final = (
    _Embedding("IPv4-mapped", ipaddress.ip_network("::ffff:0:0/96")),
    _Embedding("IPv4-translated", ipaddress.ip_network("::ffff:0:0:0/96")),
    _Embedding("IPv4-compatible", ipaddress.ip_network("::/96")),
    _Embedding("NAT64", ipaddress.ip_network("64:ff9b::/96")),
    _Embedding("6to4", ipaddress.ip_network("2002::/16"), 80),
    # Teredo has its server's address in the clear and the client's with every bit turned.
    _Embedding("Teredo", ipaddress.ip_network("2001::/32"), 64),
    _Embedding("Teredo", ipaddress.ip_network("2001::/32"), 0, _FULL),
)
_ASSIGNED: Final = _networks("2000::/3", "64:ff9b::/96", "::ffff:0:0/96", "::ffff:0:0:0/96")
_PROTOCOLS: Final = ipaddress.ip_network("2001::/23")
_TEREDO: Final = ipaddress.ip_network("2001::/32")


def address_class(address: Address) -> str | None:
    """Why `address` is not on the public internet (a name of ADDRESS_CLASSES, and how), or None."""
    for name, networks in ADDRESS_CLASSES.items():
        if any(address in network for network in networks):
            return name
    for form in _EMBEDDINGS:
        if address in form.network:
            inner = ipaddress.IPv4Address(((int(address) >> form.shift) & _FULL) ^ form.mask)
            if reason := address_class(inner):
                return f"{reason}, the {form.name} form of {inner}"
    if isinstance(address, ipaddress.IPv6Address):
        if not any(address in network for network in _ASSIGNED):
            return "reserved"
        if address in _PROTOCOLS and address not in _TEREDO:
            return "reserved"
    return None


class _Entry(NamedTuple):
    """One thing that the operator allowed: a network or a host's name, on one port or on any."""

    network: Network | None
    host: str
    port: int | None

    def covers(self, address: Address, host: str, port: int) -> bool:
        if self.port not in (None, port):
            return False
        if (address_class(address) or "").startswith(METADATA):
            # Whoever allows 0.0.0.0/0 or a name did not mean these; only the very address does.
            return self.network is not None and self.network.num_addresses == 1 and address in self.network
        return address in self.network if self.network is not None else host == self.host


_LABEL: Final = r"(?!-)[a-z0-9_-]{1,63}(?<!-)"
_NAME: Final = re.compile(rf"(?=.{{1,253}}\.?\Z){_LABEL}(?:\.{_LABEL})*\.?", re.ASCII | re.IGNORECASE)
_ENDS_IN_NUMBER: Final = re.compile(r"(?:.*\.)?(?:[0-9]+|0x[0-9a-f]*)\.?", re.ASCII | re.IGNORECASE)
_WITH_PORT: Final = re.compile(
    r"(?:\[(?P<v6>[^\[\]]*)\]|(?P<host>[^:\[\]]+))(?::(?P<port>[0-9]{1,5}))?", re.ASCII
)
_LAST_PORT: Final = 65_535


def _entry(text: str) -> _Entry:
    """Raises ValueError with what is wrong with an item of the list."""
    if "/" in text:
        try:
            return _Entry(ipaddress.ip_network(text), "", None)
        except ValueError:
            pass
        network = ipaddress.ip_network(text, strict=False)  # says itself what is wrong
        raise ValueError(f"{text!r} has bits set after its prefix; did you mean {network}?")
    if text.count(":") > 1 and not text.startswith("["):
        return _Entry(ipaddress.ip_network(_plain(ipaddress.ip_address(text))), "", None)
    found = _WITH_PORT.fullmatch(text)
    if found is None:
        raise ValueError(f"{text!r} is not a network, an address, a host, host:port or [v6]:port")
    port = int(found["port"]) if found["port"] else None
    if port is not None and not 0 < port <= _LAST_PORT:
        raise ValueError(f"{text!r}: {port} is not a port (1 to {_LAST_PORT})")
    if found["v6"] is not None:
        return _Entry(ipaddress.ip_network(_plain(ipaddress.IPv6Address(found["v6"]))), "", port)
    host = found["host"].lower().removesuffix(".")
    if _ENDS_IN_NUMBER.fullmatch(host):
        return _Entry(ipaddress.ip_network(ipaddress.IPv4Address(host)), "", port)
    if not _NAME.fullmatch(host):
        raise ValueError(f"{text!r} is not a host name")
    return _Entry(None, host, port)


def _plain(address: Address) -> Address:
    """An IPv4-mapped address is the IPv4 address; the zone of a link-local one says nothing about it."""
    if isinstance(address, ipaddress.IPv6Address):
        return address.ipv4_mapped or ipaddress.IPv6Address(int(address))
    return address


def _look_up(host: str, port: int) -> list[str]:
    return [str(entry[4][0]) for entry in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)]


@dataclass(frozen=True)
class Egress:
    """What may be called. `allow` adds networks, addresses, hosts, `host:port` and `[v6]:port`.

    `resolve(host, port)` gives all addresses of a host, and raises OSError where there are none.
    """

    allow: Sequence[str] = ()
    resolve: Resolve = field(default=_look_up, repr=False)
    _entries: tuple[_Entry, ...] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        entries, wrong = [], []
        for text in self.allow:
            try:
                entries.append(_entry(text.strip()))
            except ValueError as error:
                wrong.append(str(error))
        if wrong:
            raise ConfigurationInvalid(
                f"{VARIABLE} is not valid: {'; '.join(wrong)}",
                hint=f"for example {VARIABLE}=10.0.0.0/8,192.168.1.5,vault.corp.example:8900,[fd00::5]:443",
            )
        object.__setattr__(self, "_entries", tuple(entries))

    def check(self, url: str) -> list[str]:
        """The addresses that `url` may be dialled at; raises EgressRefused, or VendorUnavailable without DNS."""
        scheme, host, port = _destination(url)
        addresses = self._addresses(host, port)
        shown = f"{scheme}://{f'[{host}]' if ':' in host else host}:{port}"
        name = host.removesuffix(".")
        strange = [
            address
            for address in map(_plain, addresses)
            if (scheme == "http" or address_class(address))
            and not any(entry.covers(address, name, port) for entry in self._entries)
        ]
        if not strange:
            return [str(address) for address in addresses]
        # The line has what is allowed already: pasted as it stands it takes nothing away.
        line = f"{VARIABLE}={','.join([*self.allow, *dict.fromkeys(map(str, strange))])}"
        reasons = [f"{address} ({reason})" for address in strange if (reason := address_class(address))]
        if reasons:
            raise EgressRefused(
                f"{shown} may not be called: it is at {', '.join(dict.fromkeys(reasons))}",
                hint=f"if that is meant, allow it with {line}",
            )
        raise EgressRefused(
            f"{shown} may not be called: plain http is only for networks that are allowed by name, "
            f"and {', '.join(dict.fromkeys(map(str, strange)))} is not",
            hint=f"use https, or allow it with {line}",
        )

    def _addresses(self, host: str, port: int) -> list[Address]:
        try:
            return [ipaddress.ip_address(host)]
        except ValueError:
            pass  # a name, or an odd spelling that only the resolver understands
        try:
            found: Iterable[str] = dict.fromkeys(self.resolve(host, port))
            addresses = [ipaddress.ip_address(text) for text in found]
        except OSError as error:
            reason = error.strerror or type(error).__name__
            raise VendorUnavailable(f"{host} cannot be resolved: {reason}", sent=False) from None
        except ValueError:
            raise VendorUnavailable(
                f"{host} cannot be resolved: the answer is no address", sent=False
            ) from None
        if not addresses:
            raise VendorUnavailable(f"{host} cannot be resolved: it has no address", sent=False)
        return addresses


def _destination(url: str) -> tuple[str, str, int]:
    """Scheme, host and port of a URL that can be read in one way only; no part of it is repeated in errors."""
    if not (url.isascii() and url.isprintable()) or " " in url or "\\" in url:
        raise EgressRefused(
            "the URL has a space, a backslash, a control or a non-ASCII character; "
            "quote it (%20), and write an international host in its xn-- form"
        )
    try:
        parts = urlsplit(url)
        scheme, host, port = origin_of(url)
        given_port = parts.port
    except ValueError:
        raise EgressRefused("the URL has no readable host and port") from None
    if scheme not in ("http", "https"):
        raise EgressRefused(f"only http and https may be called, not {scheme or 'a URL without a scheme'}")
    if "@" in parts.netloc:
        raise EgressRefused(
            "the URL names a user before its host; credentials belong into the account's secrets"
        )
    if not host:
        raise EgressRefused("the URL has no host")
    if ":" in host:
        try:
            ipaddress.IPv6Address(host)
        except ValueError:
            raise EgressRefused("the URL's host is not an IPv6 address") from None
    if "%" in host or not (":" in host or _NAME.fullmatch(host)):
        raise EgressRefused("the URL's host is neither a host name nor an address")
    if given_port == 0 or port is None:
        raise EgressRefused(f"the URL's port is not one of 1 to {_LAST_PORT}")
    return scheme, host, port


def same_origin(url: str, base: str) -> bool:
    """Scheme, host and port are the same; a URL that has none of its own has no origin."""
    try:
        scheme, host, port = origin_of(url)
        return bool(scheme and host and port) and (scheme, host, port) == origin_of(base)
    except ValueError:
        return False


def require_same_origin(url: str, base: str) -> None:
    """Refuses a `url` (say, of a next page) that would take credentials away from `base`'s origin."""
    if same_origin(url, base):
        return
    try:
        scheme, host, port = origin_of(url)
        found = f"{scheme}://{host}:{port}" if scheme and host else "a URL without a host"
    except ValueError:
        found = "a URL that cannot be read"
    scheme, host, port = origin_of(base)
    raise EgressRefused(f"the vendor's answer leads to {found}, which is not {scheme}://{host}:{port}")
