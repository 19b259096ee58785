"""Every error that leaves this package, as one tree.

    ConnectorError                     code                     http  retryable
    ├─ InvalidRequest                  invalid_request           400
    │  ├─ CursorInvalid                cursor_invalid            400
    │  ├─ CursorExpired                cursor_expired            410
    │  └─ NotFound                     not_found                 404
    ├─ ConfigurationInvalid            configuration_invalid     500   faults in YAML, settings, environment
    ├─ StoreUnavailable                store_unavailable         503   yes: our own database can't be used now
    ├─ CaptureTooLarge                 capture_too_large         507   a listing is larger than what may be kept of it
    ├─ EgressRefused                   egress_refused            403   the address may not be called
    ├─ ListingChanged                  listing_changed           409   a page can't be continued; list again
    ├─ ListingIncomplete               listing_incomplete        502   a walk ended and not all was seen
    └─ VendorFailure                   (what the vendor's answer or silence means; is_remote_error)
       ├─ VendorNotFound               not_found                 404
       ├─ NeedsReauth                  needs_reauth              401
       ├─ Forbidden                    forbidden                 403
       ├─ RateLimited                  rate_limited              429   yes
       ├─ Conflict                     conflict                  409
       ├─ VendorRefused                invalid_request           422
       ├─ VendorUnavailable            vendor_unavailable        502   yes
       ├─ WriteOutcomeUnknown          write_outcome_unknown     502   a write was sent, and no clear answer came
       ├─ WriteNotEffective            write_not_effective       409   the vendor says done, and it is not so
       └─ VendorError                  vendor_error              502
          └─ PagingBroken              paging_broken             502   the listing can't be trusted to end

A class is one code. An error says what happened, where, and what is allowed or can be done; it never
holds a secret (callers redact what came from a vendor before it gets here).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from http import HTTPStatus
from typing import Any, ClassVar

__all__ = [
    "CaptureTooLarge",
    "ConfigurationInvalid",
    "Conflict",
    "ConnectorError",
    "CursorExpired",
    "CursorInvalid",
    "EgressRefused",
    "Fault",
    "Forbidden",
    "InvalidRequest",
    "ListingChanged",
    "ListingIncomplete",
    "NeedsReauth",
    "NotFound",
    "PagingBroken",
    "RateLimited",
    "StoreUnavailable",
    "VendorError",
    "VendorFailure",
    "VendorNotFound",
    "VendorRefused",
    "VendorUnavailable",
    "WriteNotEffective",
    "WriteOutcomeUnknown",
]


@dataclass(frozen=True)
class Fault:
    """One thing that is wrong in one place, with what was found, what is allowed, and the nearest word."""

    file: str
    line: int
    column: int
    message: str
    path: str = ""
    found: str | None = None
    allowed: tuple[str, ...] = ()
    did_you_mean: str | None = None

    def __str__(self) -> str:
        text = f"{self.file}:{self.line}:{self.column}: {self.path + ': ' if self.path else ''}{self.message}"
        if self.did_you_mean:
            text += f"\n    did you mean: {self.did_you_mean}"
        if self.allowed:
            text += f"\n    allowed: {', '.join(self.allowed)}"
        return text

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)


class ConnectorError(Exception):
    """The root; never raised itself. `str(error)` is one sentence for a person."""

    code: ClassVar[str] = "internal_error"
    http_status: ClassVar[int] = 500
    retryable: ClassVar[bool] = False
    is_remote_error: ClassVar[bool] = False
    earlier: Sequence[ConnectorError] = ()
    """What the tries of the same call before this one came to."""

    def __init__(
        self, message: str, *, hint: str | None = None, details: Sequence[Any] = (), raw_response: Any = None
    ) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.details = list(details)
        self.raw_response = raw_response

    def __str__(self) -> str:
        return f"{self.message}\n  hint: {self.hint}" if self.hint else self.message

    def to_dict(self, request_id: str | None = None) -> dict[str, Any]:
        """The error form of every face: library, command line and service (DESIGN §6)."""
        return {
            "statusCode": self.http_status,
            "error": HTTPStatus(self.http_status).phrase,
            "message": self.message,
            "code": self.code,
            "hint": self.hint,
            "is_remote_error": self.is_remote_error,
            "raw_response": self.raw_response,
            "details": self.details,
            "request_id": request_id,
        }


class InvalidRequest(ConnectorError):
    """The caller asked for something that doesn't exist or isn't allowed; the message lists what is."""

    code = "invalid_request"
    http_status = 400


class CursorInvalid(InvalidRequest):
    """The cursor was edited, belongs to another account or listing, or was sealed with another key."""

    code = "cursor_invalid"


class CursorExpired(InvalidRequest):
    """The cursor names something that is no longer kept."""

    code = "cursor_expired"
    http_status = 410


class NotFound(InvalidRequest):
    """Something of ours (an account, a connector, a resource) does not exist."""

    code = "not_found"
    http_status = 404


class ConfigurationInvalid(ConnectorError):
    """YAML, settings or environment are wrong; `faults` has all of them, each with its place."""

    code = "configuration_invalid"

    def __init__(self, message: str, *, faults: Sequence[Fault] = (), hint: str | None = None) -> None:
        super().__init__(message, hint=hint, details=[fault.to_dict() for fault in faults])
        self.faults = list(faults)

    def __str__(self) -> str:
        return "\n".join([super().__str__(), *(str(fault) for fault in self.faults)])


class StoreUnavailable(ConnectorError):
    """Our own database is locked, full, or can't be reached."""

    code = "store_unavailable"
    http_status = 503
    retryable = True


class CaptureTooLarge(ConnectorError):
    """A listing that has to be kept to be paged over is larger than what an account may keep."""

    code = "capture_too_large"
    http_status = 507


class EgressRefused(ConnectorError):
    """The address may not be called; the hint shows the line that would allow it, where one can."""

    code = "egress_refused"
    http_status = 403


class ListingChanged(ConnectorError):
    """The vendor's page isn't the one that was served in part, and the place in it is lost."""

    code = "listing_changed"
    http_status = 409


class ListingIncomplete(ConnectorError):
    """A walk ended, and it isn't proven that everything was seen. `completeness` says why."""

    code = "listing_incomplete"
    http_status = 502

    def __init__(self, message: str, *, completeness: Any = None, hint: str | None = None) -> None:
        super().__init__(message, hint=hint)
        self.completeness = completeness


class VendorFailure(ConnectorError):
    """The vendor answered with a failure, or did not answer. `status` is its HTTP status, if any.

    `retry_header` is what the vendor said about when to come back, in its own words; `retry_after` the same
    in seconds, once it was read against a clock.
    """

    is_remote_error = True
    http_status = 502
    is_told = False
    """Whether what was asked for failed for sure: a rule of the connector reads it as the vendor's own refusal, or no
    access token was given for it."""

    def __init__(
        self,
        message: str,
        *,
        status: int | None = None,
        retry_after: float | None = None,
        retry_header: str | None = None,
        hint: str | None = None,
        details: Sequence[Any] = (),
        raw_response: Any = None,
    ) -> None:
        super().__init__(message, hint=hint, details=details, raw_response=raw_response)
        self.status = status
        self.retry_after = retry_after
        self.retry_header = retry_header

    def to_dict(self, request_id: str | None = None) -> dict[str, Any]:
        after = {} if self.retry_after is None else {"retry_after": self.retry_after}
        return {**super().to_dict(request_id), **after}


class VendorNotFound(VendorFailure):
    """The vendor says that the thing asked for does not exist."""

    code = "not_found"
    http_status = 404


class NeedsReauth(VendorFailure):
    """The vendor refuses the credentials; new ones must be entered."""

    code = "needs_reauth"
    http_status = 401


class Forbidden(VendorFailure):
    """The credentials are good, but not for this."""

    code = "forbidden"
    http_status = 403


class RateLimited(VendorFailure):
    """The vendor wants fewer calls; `retry_after` in seconds where it said how long."""

    code = "rate_limited"
    http_status = 429
    retryable = True


class Conflict(VendorFailure):
    """The vendor's state forbids it: taken, full, locked."""

    code = "conflict"
    http_status = 409


class VendorRefused(VendorFailure):
    """The vendor says that the request is wrong."""

    code = "invalid_request"
    http_status = 422


class VendorUnavailable(VendorFailure):
    """No usable answer: refused, timed out, cut off, or 5xx. `sent` is False when nothing left us."""

    code = "vendor_unavailable"
    retryable = True

    def __init__(self, message: str, *, sent: bool = True, **rest: Any) -> None:
        super().__init__(message, **rest)
        self.sent = sent


class WriteOutcomeUnknown(VendorFailure):
    """A write was sent, and no clear answer came: it may have taken effect. It is never sent again by itself."""

    code = "write_outcome_unknown"


class WriteNotEffective(VendorFailure):
    """The vendor answered success, and what was read afterwards is not what was asked for; `details` names each field."""

    code = "write_not_effective"
    http_status = 409


class VendorError(VendorFailure):
    """An answer that breaks the vendor's own promise: not JSON, not the shape, not what was asked."""

    code = "vendor_error"


class PagingBroken(VendorError):
    """The listing repeats itself, moves its place, or contradicts its own numbers."""

    code = "paging_broken"
