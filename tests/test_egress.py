"""Which addresses may be called: each class, each spelling, each form of an allowance."""

from __future__ import annotations

import dataclasses
import ipaddress
import socket
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.egress import ADDRESS_CLASSES, Egress, address_class, require_same_origin, same_origin
from connector.errors import ConfigurationInvalid, EgressRefused, VendorUnavailable


def at(*addresses: str) -> Callable[[str, int], list[str]]:
    return lambda _host, _port: list(addresses)


ANY = str(ipaddress.IPv4Address(0))
PUBLIC = at("93.184.216.34", "2606:2800:21f:cb07:6820:80da:af6b:8b2c")


def test_public_https_passes_and_all_its_addresses_come_back() -> None:
    found = Egress(resolve=PUBLIC).check("https://api.example.com/v1/users?token=x")
    assert found == ["93.184.216.34", "2606:2800:21f:cb07:6820:80da:af6b:8b2c"]


def test_the_resolver_is_asked_for_the_host_and_the_port_that_are_dialled() -> None:
    asked: list[tuple[str, int]] = []

    def resolve(host: str, port: int) -> list[str]:
        asked.append((host, port))
        return ["93.184.216.34"]

    egress = Egress(resolve=resolve)
    for url in ("https://API.example.com/", "https://api.example.com:8443/x", "https://api.example.com./"):
        egress.check(url)
    assert asked == [("api.example.com", 443), ("api.example.com", 8443), ("api.example.com.", 443)]


@pytest.mark.parametrize(
    ("address", "reason"),
    [
        ("10.1.2.3", "private"),
        ("172.16.0.1", "private"),
        ("172.31.255.255", "private"),
        ("192.168.1.1", "private"),
        ("fd12:3456::1", "private"),
        ("fec0::1", "private"),
        ("127.0.0.1", "loopback"),
        ("127.255.255.254", "loopback"),
        ("::1", "loopback"),
        ("169.254.1.1", "link-local"),
        ("fe80::1", "link-local"),
        ("fe80::1%eth0", "link-local"),
        ("169.254.169.254", "cloud metadata"),
        ("169.254.170.2", "cloud metadata"),
        ("fd00:ec2::254", "cloud metadata"),
        ("100.100.100.200", "cloud metadata"),
        ("100.64.0.1", "carrier-grade NAT"),
        ("100.127.255.255", "carrier-grade NAT"),
        ("224.0.0.1", "multicast"),
        ("ff02::1", "multicast"),
        ("240.0.0.1", "reserved"),
        ("255.255.255.255", "reserved"),
        ("192.0.0.1", "reserved"),
        ("100::1", "reserved"),
        ("4000::1", "reserved"),
        ("2001:1::1", "reserved"),
        (ANY, "unspecified"),
        ("0.1.2.3", "unspecified"),
        ("::", "unspecified"),
        ("192.0.2.1", "documentation"),
        ("2001:db8::1", "documentation"),
        ("198.18.0.1", "benchmarking"),
        ("::ffff:127.0.0.1", "loopback"),
        ("::ffff:169.254.169.254", "cloud metadata"),
        ("::127.0.0.1", "loopback, the IPv4-compatible form of 127.0.0.1"),
        ("::ffff:0:10.0.0.1", "private, the IPv4-translated form of 10.0.0.1"),
        ("2002:7f00:1::1", "loopback, the 6to4 form of 127.0.0.1"),
        ("2002:a9fe:a9fe::", "cloud metadata, the 6to4 form of 169.254.169.254"),
        ("64:ff9b::a00:1", "private, the NAT64 form of 10.0.0.1"),
        ("64:ff9b:1::808:808", "private"),
        # Teredo: server 8.8.8.8, client 192.168.0.1 with its bits turned; and the other way round.
        ("2001:0:808:808::3f57:fffe", "private, the Teredo form of 192.168.0.1"),
        ("2001:0:c0a8:1::f7f7:f7f7", "private, the Teredo form of 192.168.0.1"),
    ],
)
def test_what_is_not_public_is_refused_by_name(address: str, reason: str) -> None:
    with pytest.raises(EgressRefused) as caught:
        Egress(resolve=at("93.184.216.34", address)).check("https://api.example.com/secret-path?key=secret")
    assert f"({reason})" in caught.value.message
    assert "https://api.example.com:443" in caught.value.message
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize(
    "address",
    [
        "8.8.8.8",
        "2606:4700::1111",
        "::ffff:8.8.8.8",
        "2002:808:808::1",
        "64:ff9b::808:808",
        "2001:0:808:808::f7f7:f7f7",
    ],
)
def test_public_addresses_pass_in_every_form(address: str) -> None:
    assert Egress(resolve=at(address)).check("https://api.example.com") == [
        str(ipaddress.ip_address(address))
    ]


def test_each_class_refuses_the_first_and_the_last_address_of_its_networks() -> None:
    for networks in ADDRESS_CLASSES.values():
        for network in networks:
            assert address_class(network[0])
            assert address_class(network[-1])


@given(st.ip_addresses())
def test_nothing_passes_that_the_standard_library_calls_special(
    address: ipaddress.IPv4Address | ipaddress.IPv6Address,
) -> None:
    # Teredo and 6to4 are judged by what they stand for; newer Pythons call all of 6to4 private.
    stands_for_another = any(address in ipaddress.ip_network(form) for form in ("2001::/32", "2002::/16"))
    if (not address.is_global and not stands_for_another) or address.is_multicast:
        assert address_class(address)


@pytest.mark.parametrize(
    "host",
    [
        "0x7f.1",
        "2130706433",
        "127.1",
        "0177.0.0.1",
        "localhost",
        "LOCALHOST",
        ANY,
        "127.0.0.1",
        "[::1]",
        "[::]",
    ],
)
def test_odd_spellings_are_judged_by_what_the_system_makes_of_them(host: str) -> None:
    with pytest.raises(EgressRefused, match=r"loopback|unspecified"):
        Egress().check(f"https://{host}/")


def test_a_trailing_dot_changes_nothing() -> None:
    with pytest.raises(EgressRefused, match="loopback"):
        Egress(resolve=at("127.0.0.1")).check("https://localhost./")
    assert Egress(["localhost"], at("127.0.0.1")).check("https://localhost./") == ["127.0.0.1"]


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("ftp://example.com/", "only http and https may be called, not ftp"),
        ("file:///etc/passwd", "only http and https"),
        ("/v1/users", "a URL without a scheme"),
        ("//example.com/", "a URL without a scheme"),
        ("", "a URL without a scheme"),
        ("https:///path", "no host"),
        ("https:path", "no host"),
        ("https://user:hunter2@example.com/", "names a user"),
        ("https://@example.com/", "names a user"),
        ("https://example.com:99999/", "no readable host and port"),
        ("https://example.com:abc/", "no readable host and port"),
        ("https://example.com:0/", "port is not one of"),
        ("https://[::1/", "no readable host"),
        ("https://[fe80::1%25eth0]/", "neither|not an IPv6"),
        ("https://exa mple.com/", "a space"),
        ("https://example.com\\@evil.example/", "backslash"),
        ("https://example.com/\r\nX: y", "control"),
        ("https://b\u00fccher.example/", "xn--"),
        ("https://exa%6dple.com/", "neither a host name nor an address"),
        ("https://a..b/", "neither a host name nor an address"),
        (f"https://{'a' * 64}.com/", "neither a host name nor an address"),
    ],
)
def test_urls_that_can_be_read_in_two_ways_are_refused(url: str, said: str) -> None:
    with pytest.raises(EgressRefused, match=said) as caught:
        Egress(["0.0.0.0/0", "::/0"], PUBLIC).check(url)
    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize(
    ("allow", "url", "address", "passes"),
    [
        (["10.0.0.0/8"], "https://h.example/", "10.1.2.3", True),
        (["10.0.0.0/8"], "https://h.example/", "11.1.2.3", True),
        (["10.0.0.0/8"], "https://h.example/", "192.168.0.1", False),
        (["10.1.2.3"], "https://h.example/", "10.1.2.3", True),
        (["10.1.2.3"], "https://h.example/", "10.1.2.4", False),
        (["10.1.2.3"], "https://h.example/", "::ffff:10.1.2.3", True),
        (["::ffff:10.1.2.3"], "https://h.example/", "10.1.2.3", True),
        (["10.1.2.3"], "https://h.example/", "64:ff9b::a01:203", False),
        (["64:ff9b::a01:203"], "https://h.example/", "64:ff9b::a01:203", True),
        (["10.1.2.3:8443"], "https://h.example:8443/", "10.1.2.3", True),
        (["10.1.2.3:8443"], "https://h.example/", "10.1.2.3", False),
        (["[fd00::5]:443"], "https://h.example/", "fd00::5", True),
        (["[fd00::5]"], "https://h.example/", "fd00::5", True),
        (["fd00::5"], "https://h.example/", "fd00::5", True),
        (["fd00::/8"], "http://h.example/", "fd00::5", True),
        (["vault.corp"], "https://vault.corp/", "10.1.2.3", True),
        (["Vault.Corp."], "https://vault.corp/", "10.1.2.3", True),
        (["vault.corp"], "https://evil.vault.corp/", "10.1.2.3", False),
        (["vault.corp:8900"], "http://vault.corp:8900/", "10.1.2.3", True),
        (["vault.corp:8900"], "http://vault.corp/", "10.1.2.3", False),
        ([" 10.0.0.0/8 "], "https://h.example/", "10.1.2.3", True),
        # Plain http is for allowed networks only, public or not.
        ([], "http://h.example/", "93.184.216.34", False),
        (["h.example"], "http://h.example/", "93.184.216.34", True),
        (["93.184.216.0/24"], "http://h.example/", "93.184.216.34", True),
        # Credentials of the machine: only the very address opens them.
        (["169.254.0.0/16"], "http://h.example/", "169.254.169.254", False),
        (["0.0.0.0/0"], "http://h.example/", "169.254.169.254", False),
        (["h.example"], "http://h.example/", "169.254.169.254", False),
        (["64:ff9b::/96"], "https://h.example/", "64:ff9b::a9fe:a9fe", False),
        (["169.254.169.254"], "http://h.example/", "169.254.169.254", True),
        (["169.254.169.254:80"], "http://h.example/", "169.254.169.254", True),
    ],
)
def test_allowances(allow: list[str], url: str, address: str, passes: bool) -> None:
    egress = Egress(allow, at(address))
    if passes:
        assert egress.check(url) == [str(ipaddress.ip_address(address))]
    else:
        with pytest.raises(EgressRefused):
            egress.check(url)


def test_every_address_must_be_allowed() -> None:
    with pytest.raises(EgressRefused, match=r"192\.168\.0\.9 \(private\)") as caught:
        Egress(["10.0.0.0/8"], at("10.0.0.1", "192.168.0.9")).check("https://h.example/")
    assert "10.0.0.1" not in caught.value.message


@pytest.mark.parametrize(
    ("allow", "scheme", "addresses"),
    [
        ([], "https", ["10.1.2.3"]),
        ([], "http", ["10.1.2.3"]),
        ([], "http", ["93.184.216.34"]),
        ([], "https", ["fd00::5", "fe80::1%eth0", "10.0.0.1"]),
        (["192.168.0.0/16"], "https", ["10.1.2.3"]),
        ([], "https", ["169.254.169.254"]),
        ([], "https", ["::ffff:127.0.0.1"]),
    ],
)
def test_the_line_in_the_hint_does_allow_it(allow: list[str], scheme: str, addresses: list[str]) -> None:
    url = f"{scheme}://h.example/"
    with pytest.raises(EgressRefused) as caught:
        Egress(allow, at(*addresses)).check(url)
    assert caught.value.hint is not None
    line = caught.value.hint.split("CONNECTOR_ALLOW_NETWORKS=")[1]
    assert line.split(",")[: len(allow)] == allow
    assert len(Egress(line.split(","), at(*addresses)).check(url)) == len(addresses)


def test_the_line_in_the_hint_to_the_letter() -> None:
    with pytest.raises(EgressRefused) as caught:
        Egress().check("https://10.1.2.3/")
    assert caught.value.hint == "if that is meant, allow it with CONNECTOR_ALLOW_NETWORKS=10.1.2.3"


@pytest.mark.parametrize(
    ("item", "said"),
    [
        ("10.0.0.1/8", "did you mean 10.0.0.0/8?"),
        ("10.0.0.0/33", "10.0.0.0/33"),
        ("300.1.1.1", "300.1.1.1"),
        ("127.1", "127.1"),
        ("0x7f.1", "0x7f.1"),
        ("2130706433", "2130706433"),
        ("*.corp", "not a host name"),
        ("host:0", "not a port"),
        ("host:65536", "not a port"),
        ("host:http", "not a network"),
        ("https://host/", "https://host/"),
        ("[10.0.0.1]:80", "10.0.0.1"),
        ("::1:80:zz", "::1:80:zz"),
        ("", "''"),
        ("a b", "'a b'"),
    ],
)
def test_a_bad_allowance_is_said_at_once(item: str, said: str) -> None:
    with pytest.raises(ConfigurationInvalid, match="CONNECTOR_ALLOW_NETWORKS") as caught:
        Egress(["10.0.0.0/8", item, "also bad"])
    assert said in caught.value.message
    assert "also bad" in caught.value.message


def no_name(_host: str, _port: int) -> list[str]:
    raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")


@pytest.mark.parametrize(
    "resolve", [no_name, at(), at("not an address")], ids=["no name", "empty", "nonsense"]
)
def test_without_dns_nothing_was_sent(resolve: Callable[[str, int], list[str]]) -> None:
    with pytest.raises(VendorUnavailable, match=r"api\.example\.com cannot be resolved") as caught:
        Egress(resolve=resolve).check("https://api.example.com/?token=hunter2")
    assert caught.value.sent is False
    assert "hunter2" not in str(caught.value)


def test_egress_is_a_frozen_value() -> None:
    egress = Egress(("10.0.0.0/8",), PUBLIC)
    assert egress == Egress(("10.0.0.0/8",), PUBLIC)
    with pytest.raises(dataclasses.FrozenInstanceError):
        egress.allow = ()  # type: ignore[misc]


@pytest.mark.parametrize(
    ("url", "same"),
    [
        ("https://api.example.com/next?page=2", True),
        ("HTTPS://API.EXAMPLE.COM:443/next", True),
        ("http://api.example.com/next", False),
        ("https://api.example.com:8443/next", False),
        ("https://api.example.com.evil.example/next", False),
        ("https://api.example.com@evil.example/next", False),
        ("https://evil.example/?https://api.example.com", False),
        ("/next", False),
        ("//api.example.com/next", False),
        ("https://", False),
        ("https://api.example.com:x/", False),
        ("", False),
    ],
)
def test_same_origin(url: str, same: bool) -> None:
    base = "https://api.example.com/v1"
    assert same_origin(url, base) is same
    if same:
        require_same_origin(url, base)
    else:
        with pytest.raises(EgressRefused, match=r"which is not https://api\.example\.com:443") as caught:
            require_same_origin(url, base)
        assert "next" not in caught.value.message
