"""Where a credential is put: into headers or into the query, and nowhere else.

Whatever is as good as the credential (an encoded one, a signature) goes to the call's `secrets`, so that it is
redacted as one.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from urllib.parse import quote, unquote_plus

from connector.errors import InvalidRequest
from connector.template import Values, parse_template
from connector.wire import Call

__all__ = ["HEADER_NAME", "PARAMETER_NAME", "add_headers", "add_parameter", "drop_parameters", "fill_plain"]

HEADER_NAME = r"^[A-Za-z0-9!#$%&'*+.^_`|~-]{1,100}$"
PARAMETER_NAME = r"^[!-~]{1,100}$"


def fill_plain(text: str, values: Values) -> str:
    """A template's text for what is encoded or hashed as a whole: of an account's values, any characters but
    control ones.

    Raises InvalidRequest, which names the value that is missing or can't stand there and never shows it.
    """
    template = parse_template(text)
    for name in sorted(name for name in template.names if "." in name):
        if values.get(name) is not None and not _is_plain(values[name]):
            raise InvalidRequest(
                f"{name} can't stand in a credential: it is empty, or has control characters or broken ones"
            )
    return template.fill_raw(values)


def _is_plain(value: object) -> bool:
    text = str(value)
    is_broken = any("\ud800" <= char <= "\udfff" for char in text)
    return text != "" and not is_broken and not any(char < " " or char == "\x7f" for char in text)


def add_headers(call: Call, headers: Mapping[str, str], *secrets: str) -> Call:
    """The call with these headers, in place of any of the same name however its letters are written."""
    names = {name.lower() for name in headers}
    kept = {name: value for name, value in call.headers.items() if name.lower() not in names}
    known = tuple(dict.fromkeys((*call.secrets, *secrets)))
    return replace(call, headers={**kept, **headers}, secrets=known)


def drop_parameters(call: Call, names: Iterable[str]) -> Call:
    """The call without these parameters: a vendor may repeat an earlier signature in the address of the next page."""
    address, mark, query = call.url.partition("?")
    dropped = set(names)
    kept = [pair for pair in query.split("&") if unquote_plus(pair.partition("=")[0]) not in dropped]
    if not mark or len(kept) == query.count("&") + 1:
        return call
    return replace(call, url=address + (f"?{'&'.join(kept)}" if kept else ""))


def add_parameter(call: Call, name: str, value: str, *secrets: str) -> Call:
    """The call with this parameter at the end of its query, which is else as it was. Raises InvalidRequest.

    One of that name that is there already is refused, unless it is the same: some vendors repeat the credential
    in the address of the next page. Then ours stands in its place, since it may be encoded as nobody would look
    for it.
    """
    address, mark, fragment = call.url.partition("#")
    address, _, query = address.partition("?")
    kept = []
    for pair in query.split("&"):
        known, _, found = pair.partition("=")
        if unquote_plus(known) != name:
            kept.append(pair)
        elif unquote_plus(found) != value:
            raise InvalidRequest(f"the query parameter {name!r} is already set by the call itself")
    before = "&".join(kept)
    between = "&" if before and not before.endswith("&") else ""
    url = f"{address}?{before}{between}{quote(name, safe='')}={quote(value, safe='')}{mark}{fragment}"
    return replace(call, url=url, secrets=tuple(dict.fromkeys((*call.secrets, *secrets))))
