"""Every error a client can be told of.

AppError
├── MalformedRequest 400
├── NotAuthenticated 401 ── InvalidCredentials
├── InsufficientCredits 402
├── Forbidden 403 ── AdminOnly, CrossOrigin, AccountDisabled, RegistrationClosed
├── NotFound 404
├── MethodNotAllowed 405
├── Conflict 409 ── InvalidState, UsernameTaken, EmailTaken, LastAdmin, IdempotencyInProgress, NothingToDownload,
│                   BalanceTooLow
├── TooLarge 413 ── BodyTooLarge, FileTooLarge, TooManyFiles
├── Unsupported 415 ── UnsupportedMediaType, UnsupportedImage
├── Invalid 422 ── ValidationFailed, UnreadableImage, ImageTooManyPixels, UrlNotAllowed, WeakPassword,
│                  IdempotencyMismatch
├── TooMany 429 ── RateLimited, QueueFull
├── Internal 500
└── Unavailable 503 ── StorageFull

A class's docstring is its message; `status` and `code` are the contract (RFC 9457). `web/problems` renders them.
"""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar


class AppError(Exception):
    """Something went wrong."""

    status: ClassVar[int] = 500
    code: ClassVar[str] = "internal"

    def __init__(
        self,
        detail: str | None = None,
        *,
        errors: Sequence[Mapping[str, Any]] = (),
        headers: Mapping[str, str] | None = None,
        **extra: Any,
    ) -> None:
        self.detail = detail or self.title()
        self.errors = list(errors)
        self.headers = dict(headers or {})
        self.extra = extra
        super().__init__(self.detail)

    @classmethod
    def title(cls) -> str:
        """The class's own sentence."""
        return (cls.__doc__ or cls.__name__).strip().splitlines()[0]


class MalformedRequest(AppError):
    """The request could not be read."""

    status = 400
    code = "malformed_request"


class NotAuthenticated(AppError):
    """Sign in, or send a valid bearer token."""

    status = 401
    code = "not_authenticated"

    def __init__(self, detail: str | None = None, **extra: Any) -> None:
        super().__init__(detail, headers={"WWW-Authenticate": "Bearer"}, **extra)


class InvalidCredentials(NotAuthenticated):
    """The user name or the password is wrong."""

    code = "invalid_credentials"


class InsufficientCredits(AppError):
    """There are not enough credits for this."""

    status = 402
    code = "insufficient_credits"


class Forbidden(AppError):
    """This is not allowed."""

    status = 403


class AdminOnly(Forbidden):
    """Only an administrator may do this."""

    code = "admin_only"


class CrossOrigin(Forbidden):
    """A request that changes something must come from this site itself."""

    code = "cross_origin"


class AccountDisabled(Forbidden):
    """This account is disabled."""

    code = "account_disabled"


class RegistrationClosed(Forbidden):
    """Registration is closed; ask an administrator for an account."""

    code = "registration_closed"


class NotFound(AppError):
    """There is nothing here."""

    status = 404
    code = "not_found"


class MethodNotAllowed(AppError):
    """This address does not take that method."""

    status = 405
    code = "method_not_allowed"


class Conflict(AppError):
    """The state of things does not allow this now."""

    status = 409


class InvalidState(Conflict):
    """The state of things does not allow this now."""

    code = "invalid_state"


class UsernameTaken(Conflict):
    """This user name is taken."""

    code = "username_taken"


class EmailTaken(Conflict):
    """This e-mail address is taken."""

    code = "email_taken"


class LastAdmin(Conflict):
    """The last active administrator cannot be disabled or demoted."""

    code = "last_admin"


class BalanceTooLow(Conflict):
    """A balance cannot go below zero."""

    code = "insufficient_credits"


class IdempotencyInProgress(Conflict):
    """The first request with this Idempotency-Key is still running."""

    code = "idempotency_in_progress"


class NothingToDownload(Conflict):
    """Not one image of this batch is finished yet."""

    code = "nothing_to_download"


class TooLarge(AppError):
    """The request is too large."""

    status = 413


class BodyTooLarge(TooLarge):
    """The request body is too large."""

    code = "body_too_large"


class FileTooLarge(TooLarge):
    """A file is too large."""

    code = "file_too_large"


class TooManyFiles(TooLarge):
    """There are too many files in one batch."""

    code = "too_many_files"


class Unsupported(AppError):
    """This kind of content is not supported."""

    status = 415


class UnsupportedMediaType(Unsupported):
    """The Content-Type of the request is not one this address reads."""

    code = "unsupported_media_type"


class UnsupportedImage(Unsupported):
    """The file is not an image of a supported type."""

    code = "unsupported_image"


class Invalid(AppError):
    """The request was understood but is not valid."""

    status = 422


class ValidationFailed(Invalid):
    """A value in the request is not valid."""

    code = "validation_failed"


class UnreadableImage(Invalid):
    """The image is damaged and cannot be decoded."""

    code = "unreadable_image"


class ImageTooManyPixels(Invalid):
    """The image has too many pixels."""

    code = "image_too_many_pixels"


class UrlNotAllowed(Invalid):
    """This address is not allowed."""

    code = "url_not_allowed"


class WeakPassword(Invalid):
    """This password is too easy to guess."""

    code = "weak_password"


class IdempotencyMismatch(Invalid):
    """This Idempotency-Key was used before with another request."""

    code = "idempotency_mismatch"


class TooMany(AppError):
    """Too many requests."""

    status = 429

    def __init__(self, detail: str | None = None, *, retry_after: int, **extra: Any) -> None:
        super().__init__(detail, headers={"Retry-After": str(max(1, retry_after))}, **extra)


class RateLimited(TooMany):
    """Too many requests; try again later."""

    code = "rate_limited"


class QueueFull(TooMany):
    """Too many of your images are waiting already."""

    code = "queue_full"


class Internal(AppError):
    """Something went wrong on the server."""


class Unavailable(AppError):
    """The service cannot do this right now; try again shortly."""

    status = 503
    code = "unavailable"

    def __init__(self, detail: str | None = None, **extra: Any) -> None:
        super().__init__(detail, headers={"Retry-After": "5"}, **extra)


class StorageFull(Unavailable):
    """The server's storage is full."""

    code = "storage_full"
