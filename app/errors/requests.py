"""What is wrong with a request: answered with 4xx."""

from __future__ import annotations

from app.errors.base import PenstockError


class InvalidRequest(PenstockError):
    """The request cannot be understood or is out of bounds."""

    status = 400
    type = "invalid_request_error"
    code = "invalid_request"
    default_message = "The request is not valid."


class Unsupported(InvalidRequest):
    """A part of the request asks for something that is not done here, and ignoring it would mislead."""

    code = "unsupported_parameter"
    default_message = "This server does not do that; leave this part out."


class GrammarInvalid(InvalidRequest):
    """A grammar that is none, fits no text, or asks for what is not supported."""

    code = "grammar_invalid"
    default_message = "The grammar is not valid, or asks for something that is not supported."


class GrammarTooComplex(InvalidRequest):
    """A grammar that takes more work or memory than this server spends on one."""

    code = "grammar_too_complex"
    default_message = "The grammar is too complex for this server."


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


class ModelNotLoaded(PenstockError):
    """A bundle is there, but cannot be served; the message says why."""

    status = 409
    type = "invalid_request_error"
    code = "model_not_loaded"
    default_message = "The model could not be loaded; whatever was served is still served."


class ChainNotLoaded(PenstockError):
    """The chain of the settings cannot be used; the message says why, and the old one goes on."""

    status = 409
    type = "invalid_request_error"
    code = "chain_not_loaded"
    default_message = "The chain could not be loaded; the one in force goes on."


class ModelInUse(PenstockError):
    """The settings want this model to be served."""

    status = 409
    type = "invalid_request_error"
    code = "model_in_use"
    default_message = "The server's settings name this model: take it out of them first."
