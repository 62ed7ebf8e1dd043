"""The five ways a request can fail. Every service raises these and only these."""

from typing import ClassVar


class PlatformError(Exception):
    """A failure with a stable code, such as ``content.not_a_draft``, that clients may match on.

    ``detail`` is one English sentence for people; ``fields`` maps a field's path to its reasons.
    """

    status: ClassVar[int] = 500
    retryable: ClassVar[bool] = False

    def __init__(self, code: str, detail: str = "", fields: dict[str, list[str]] | None = None) -> None:
        super().__init__(code, detail, fields)
        self.code, self.detail, self.fields = code, detail, fields or {}


class Invalid(PlatformError):
    """The message is malformed; nothing was looked up."""

    status = 400


class NotFound(PlatformError):
    """The named thing has no events, or is none of the caller's business."""

    status = 404


class Conflict(PlatformError):
    """Somebody else appended first; load again and decide again."""

    status = 409
    retryable = True


class RuleBroken(PlatformError):
    """The command is well formed, yet a rule of the domain refuses it."""

    status = 422


class Unavailable(PlatformError):
    """A broker, database or peer did not answer in time."""

    status = 503
    retryable = True


BY_NAME: dict[str, type[PlatformError]] = {
    error.__name__: error for error in (Invalid, NotFound, Conflict, RuleBroken, Unavailable)
}
