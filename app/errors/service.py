"""What is wrong with the server at this moment: answered with 5xx."""

from __future__ import annotations

from app.errors.base import PenstockError


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


class Lost(Unavailable):
    """A part of the server is gone for good."""

    code = "lost"
    default_message = "A part of the server is gone for good; it must be started again."


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
