"""What a call is given, checked before anything is sent: every wrong value is told at once, and none is repaired.

An address is compared by its domain in one form (IDNA, lower case), and sent as it was given. Nothing here
knows a vendor, looks a name up, or sends anything.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from typing import Annotated, Any, Literal

import idna
from email_validator import EmailNotValidError, ValidatedEmail, validate_email
from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from connector.errors import InvalidRequest
from connector.mapping.dates import check_instant
from connector.mapping.refusal import Refused
from connector.mapping.words import Closed
from connector.yamlfile import nearest

__all__ = ["Input", "read_inputs", "text_fault", "unknown_field"]

_JOINERS = dict.fromkeys((0x200C, 0x200D))
"""What is seen only in how its neighbours are written: Persian names have one, and many emoji."""
SettingName = Annotated[str, Field(pattern=r"^settings\.[a-z][a-z0-9_]*$")]


class Input(Closed):
    """One value that a call is given: `{input.name}` in a write, `{query.name}` in a listing."""

    label: str
    help: str | None = None
    type: Literal["text", "email", "time"] = "text"
    required: bool = True
    default: str | None = None
    """What it is where it isn't given."""
    most: Annotated[int, Field(ge=1, le=10_000)] = 500
    """The most characters."""
    within: SettingName | None = None
    """For an e-mail address: its domain is one of this setting's list, or below one that begins with `*.`."""
    outside: SettingName | None = None
    """For an e-mail address: its domain is none of this setting's list."""
    made_from: str | None = None
    """Where it isn't given, it is made from the account and this other input: the same for the same person."""

    @property
    def is_needed(self) -> bool:
        """Whether nothing can be sent unless a caller gives it."""
        return self.required and self.default is None and self.made_from is None

    @model_validator(mode="after")
    def _words_fit(self) -> Input:
        if self.type != "email" and (self.within or self.outside):
            raise PydanticCustomError("input", "`within` and `outside` are for `type: email`")
        if self.default is not None and self.made_from is not None:
            raise PydanticCustomError("input", "`default` and `made_from` say two things")
        return self


def read_inputs(
    inputs: Mapping[str, Input],
    given: Mapping[str, Any],
    settings: Mapping[str, Any],
    account: str,
    noun: str = "field",
) -> dict[str, str]:
    """The values to send, by name. Raises InvalidRequest with all that is wrong."""
    wrong = [unknown_field(name, inputs, noun) for name in given if name not in inputs]
    values: dict[str, str] = {}
    plain: dict[str, str] = {}
    for name, rule in inputs.items():
        value = rule.default if given.get(name) is None else given[name]
        if value is None:
            if rule.is_needed:
                wrong.append(f"{name}: {rule.label} is needed")
            continue
        fault = text_fault(value, rule.most)
        if fault is None and rule.type == "email":
            address = _address(value)
            fault = address if isinstance(address, str) else _domain_fault(address, rule, settings)
            if isinstance(address, ValidatedEmail):
                plain[name] = f"{address.local_part.casefold()}@{_ascii(address.domain)}"
        elif fault is None and rule.type == "time":
            fault = _time_fault(value)
        if fault is not None:
            wrong.append(f"{name}: {fault}")
        else:
            values[name] = value
    if wrong:
        raise InvalidRequest(f"nothing was sent: {'; '.join(wrong)}", details=wrong)
    for name, rule in inputs.items():
        if name not in values and rule.made_from is not None:
            values[name] = _made(account, plain.get(rule.made_from, values[rule.made_from]))
    return values


def unknown_field(name: Any, known: Iterable[str], noun: str = "field") -> str:
    """A name that isn't among those that can be given, with the nearest of them."""
    names = tuple(known)
    word = nearest(str(name), names)
    guess = f" (did you mean {word}?)" if word else ""
    return f"unknown {noun} {name!r}{guess}; there are: {', '.join(names) or 'none'}"


def text_fault(value: Any, most: int) -> str | None:
    """What is wrong with a text that is given."""
    if not isinstance(value, str):
        return f"expected text, got {type(value).__name__}"
    if not value.strip() or value != value.strip():
        return "it is empty, or begins or ends with a blank"
    if not value.translate(_JOINERS).isprintable():
        return "it has a line break or another character that can't be printed"
    if len(value) > most:
        return f"it has {len(value):,} characters; {most:,} are allowed"
    return None


def _time_fault(text: str) -> str | None:
    try:
        check_instant(text)
    except Refused:
        return f"expected a time such as 2026-01-31T00:00:00Z, got {text!r}"
    return None


def _address(text: str) -> ValidatedEmail | str:
    try:
        return validate_email(text, check_deliverability=False, globally_deliverable=False)
    except EmailNotValidError as error:
        return f"not an e-mail address: {error}"


def _domain_fault(address: ValidatedEmail, rule: Input, settings: Mapping[str, Any]) -> str | None:
    domain = _ascii(address.domain)
    for setting, is_wanted in ((rule.within, True), (rule.outside, False)):
        if setting is None:
            continue
        listed: Sequence[str] = settings.get(setting) or ()
        if any(_covers(entry, domain) for entry in listed) is not is_wanted:
            return f"{domain} is {'none' if is_wanted else 'one'} of {setting.partition('.')[2]} ({', '.join(listed)})"
    return None


def _covers(entry: str, domain: str) -> bool:
    if entry.startswith("*."):
        return domain.endswith(f".{_ascii(entry[2:])}")
    return domain == _ascii(entry)


def _ascii(domain: str) -> str:
    """A domain in its one form: lower case, names of other scripts in punycode (RFC 5891)."""
    try:
        return idna.encode(domain.strip().rstrip("."), uts46=True).decode().lower()
    except idna.IDNAError:
        return domain.casefold()


def _made(account: str, of: str) -> str:
    return hashlib.sha256(f"{account}\n{of}".encode()).hexdigest()[:32]
