"""Every error Penstock raises on purpose.

PenstockError
├── InvalidRequest          400  the request cannot be understood or is out of bounds
│   ├── PromptTooLong       400
│   ├── PassagesTooLong     400
│   ├── SourceUnreadable    400
│   ├── BodyTooLarge        413
│   ├── BodyTimeout         408  the body did not arrive in time
│   ├── UnsupportedMedia    415
│   └── HeadersTooLarge     431
├── Unauthorized            401  no credential, or an unknown, expired or revoked one
├── Forbidden               403  the credential lacks the scope
├── NotFound                404
│   └── ModelNotFound       404
├── MethodNotAllowed        405
├── Overloaded              503  a bound was reached; try again after `retry_after_s`
│   ├── EngineBusy          503
│   └── RecorderFull        503
├── ShuttingDown            503
├── Unavailable             503  something the request needs is down
│   └── NotReady            503  a part of the server has not come up
├── Unrecordable            500  what the filters found cannot be written
├── Unstorable              500  the database refuses the values, however often they are sent
├── DeadlineExceeded        504
├── FilterFailed            503  a filter broke and the text may not pass unjudged
├── ModelFailed             500
│   └── ModelOutputInvalid  500  NaN, Inf or a wrong shape
└── StartupError            the server refuses to start; never travels over HTTP
    ├── SettingsError
    ├── BundleError
    ├── FilterError
    └── DatabaseError

`code` is stable and made for programs; the message is made for people. Neither ever holds
text that came from a request.
"""

from __future__ import annotations


class PenstockError(Exception):
    """Base of all; says how it looks over HTTP."""

    status = 500
    type = "server_error"
    code = "internal_error"
    default_message = "The server failed. The error has been logged."
    retry_after_s: float | None = None

    def __init__(self, message: str | None = None, *, param: str | None = None) -> None:
        self.message = message or self.default_message
        self.param = param
        super().__init__(self.message)


class InvalidRequest(PenstockError):
    """The request cannot be understood or is out of bounds."""

    status = 400
    type = "invalid_request_error"
    code = "invalid_request"
    default_message = "The request is not valid."


class PromptTooLong(InvalidRequest):
    """The prompt has more characters or tokens than allowed."""

    code = "prompt_too_long"
    default_message = "The prompt is longer than this server allows."


class PassagesTooLong(InvalidRequest):
    """The passages of a request have more characters than allowed."""

    code = "passages_too_long"
    default_message = "The passages are longer than this server allows."


class SourceUnreadable(InvalidRequest):
    """A source cannot be read as text; the message says why, without its content."""

    code = "source_unreadable"
    default_message = "The source cannot be read as text."


class BodyTooLarge(InvalidRequest):
    """The request body has more bytes than allowed."""

    status = 413
    code = "body_too_large"
    default_message = "The request body is larger than this server allows."


class BodyTimeout(InvalidRequest):
    """The request body did not arrive in time."""

    status = 408
    code = "body_timeout"
    default_message = "The request body did not arrive in time."


class UnsupportedMedia(InvalidRequest):
    """The body is not plain JSON in UTF-8."""

    status = 415
    code = "unsupported_media_type"
    default_message = "Send the body as application/json in UTF-8, without a Content-Encoding."


class HeadersTooLarge(InvalidRequest):
    """The request line and the headers have too many bytes."""

    status = 431
    code = "headers_too_large"
    default_message = "The request line and headers are larger than this server allows."


class Unauthorized(PenstockError):
    """No credential, or an unknown, expired or revoked one."""

    status = 401
    type = "authentication_error"
    code = "invalid_api_key"
    default_message = "A valid API key is needed: Authorization: Bearer <key>."


class Forbidden(PenstockError):
    """The credential is valid but lacks the scope."""

    status = 403
    type = "permission_error"
    code = "missing_scope"
    default_message = "This API key may not do that."


class NotFound(PenstockError):
    """What the path names does not exist."""

    status = 404
    type = "not_found_error"
    code = "not_found"
    default_message = "There is nothing here."


class MethodNotAllowed(PenstockError):
    """The path exists, but not for this HTTP method."""

    status = 405
    type = "invalid_request_error"
    code = "method_not_allowed"
    default_message = "This path does not take that method; see the Allow header."


class ModelNotFound(NotFound):
    """The request names a model that is not served."""

    code = "model_not_found"
    default_message = "This server does not serve that model."


class Overloaded(PenstockError):
    """A bound was reached; the same request may succeed later."""

    status = 503
    type = "overloaded_error"
    code = "overloaded"
    default_message = "The server is at its limit. Try again shortly."
    retry_after_s = 1.0


class EngineBusy(Overloaded):
    """The queue in front of a model is full."""

    code = "engine_busy"


class RecorderFull(Overloaded):
    """The log's local segments are full, and an answer that cannot be kept is not given."""

    code = "recorder_full"
    default_message = "The exchange log is full, so the server accepts no requests for now."
    retry_after_s = 5.0


class ShuttingDown(PenstockError):
    """The server is draining and takes no new work."""

    status = 503
    type = "overloaded_error"
    code = "shutting_down"
    default_message = "The server is shutting down. Try another replica."
    retry_after_s = 1.0


class Unavailable(PenstockError):
    """Something the request needs is down."""

    status = 503
    type = "overloaded_error"
    code = "unavailable"
    default_message = "Something this request needs is not available right now."
    retry_after_s = 5.0


class Unrecordable(PenstockError):
    """What the filters found cannot be written; the exchange is kept without it."""

    code = "unrecordable"
    default_message = "A filter gave something that cannot be recorded, so it is not answered."


class Unstorable(PenstockError):
    """The database refuses the values, however often they are sent."""

    code = "unstorable"
    default_message = "The database refused a value."


class NotReady(Unavailable):
    """A part of the server that every request needs has not come up."""

    code = "not_ready"
    default_message = "The server is not ready; the checks say which part."


class DeadlineExceeded(PenstockError):
    """The request's time is over."""

    status = 504
    type = "timeout_error"
    code = "deadline_exceeded"
    default_message = "The request took longer than its deadline allows."


class FilterFailed(PenstockError):
    """A filter broke; its instance fails closed, so nothing it could not judge is delivered.

    `param` is the instance's id.
    """

    status = 503
    code = "filter_failed"
    default_message = "A filter could not judge this request, so it was not answered."
    retry_after_s = 1.0


class ModelFailed(PenstockError):
    """The model could not be run."""

    code = "model_failed"
    default_message = "The model failed on this request."


class ModelOutputInvalid(ModelFailed):
    """The model returned NaN, Inf or a wrong shape."""

    code = "model_output_invalid"
    default_message = "The model returned an invalid result for this request."


class StartupError(PenstockError):
    """The server refuses to start; the message says how to mend it."""

    code = "startup_error"
    default_message = "The server cannot start."


class SettingsError(StartupError):
    """A setting is unknown or malformed."""

    code = "settings_invalid"


class BundleError(StartupError):
    """A bundle is damaged, incomplete or unsafe to load."""

    code = "bundle_invalid"


class FilterError(StartupError):
    """A filter is unknown, misconfigured or fails its canaries."""

    code = "filter_invalid"


class DatabaseError(StartupError):
    """Postgres cannot be started, reached or migrated."""

    code = "database_invalid"
