"""Every error Penstock raises on purpose.

PenstockError
├── InvalidRequest          400  the request cannot be understood or is out of bounds
│   ├── Unsupported         400  a part of a request that this server cannot honour
│   ├── GrammarInvalid      400  a grammar that is none, fits no text or is not supported
│   ├── GrammarTooComplex   400
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
├── ChainNotLoaded          409  the chain of the settings cannot be used
├── ModelNotLoaded          409  a bundle is there, but cannot be served
├── ModelInUse              409  the settings want this model to be served
├── Overloaded              503  a bound was reached; try again after `retry_after_s`
│   ├── EngineBusy          503
│   └── RecorderFull        503
├── ShuttingDown            503
├── Unavailable             503  something the request needs is down
│   ├── NotReady            503  a part of the server has not come up
│   └── Lost                503  a part of the server is gone, and only a restart helps
├── Unrecordable            500  what the filters found cannot be written
├── Unstorable              500  the database refuses the values, however often they are sent
├── DeadlineExceeded        504
├── FilterFailed            503  a filter broke and the text may not pass unjudged
├── ModelFailed             500
│   └── ModelOutputInvalid  500  NaN, Inf or a wrong shape
└── StartupError            the server refuses to start; never travels over HTTP
    ├── SettingsError
    ├── BundleError
    ├── HubError
    ├── FilterError
    └── DatabaseError

`code` is stable and made for programs; the message is made for people. Neither ever holds
text that came from a request.
"""

from app.errors.base import PenstockError
from app.errors.requests import (
    BodyTimeout,
    BodyTooLarge,
    ChainNotLoaded,
    Forbidden,
    GrammarInvalid,
    GrammarTooComplex,
    HeadersTooLarge,
    InvalidRequest,
    MethodNotAllowed,
    ModelInUse,
    ModelNotFound,
    ModelNotLoaded,
    NotFound,
    PassagesTooLong,
    PromptTooLong,
    SourceUnreadable,
    Unauthorized,
    Unsupported,
    UnsupportedMedia,
)
from app.errors.service import (
    DeadlineExceeded,
    EngineBusy,
    FilterFailed,
    Lost,
    ModelFailed,
    ModelOutputInvalid,
    NotReady,
    Overloaded,
    RecorderFull,
    ShuttingDown,
    Unavailable,
    Unrecordable,
    Unstorable,
)
from app.errors.startup import (
    BundleError,
    DatabaseError,
    FilterError,
    HubError,
    SettingsError,
    StartupError,
)

__all__ = [
    "BodyTimeout",
    "BodyTooLarge",
    "BundleError",
    "ChainNotLoaded",
    "DatabaseError",
    "DeadlineExceeded",
    "EngineBusy",
    "FilterError",
    "FilterFailed",
    "Forbidden",
    "GrammarInvalid",
    "GrammarTooComplex",
    "HeadersTooLarge",
    "HubError",
    "InvalidRequest",
    "Lost",
    "MethodNotAllowed",
    "ModelFailed",
    "ModelInUse",
    "ModelNotFound",
    "ModelNotLoaded",
    "ModelOutputInvalid",
    "NotFound",
    "NotReady",
    "Overloaded",
    "PassagesTooLong",
    "PenstockError",
    "PromptTooLong",
    "RecorderFull",
    "SettingsError",
    "ShuttingDown",
    "SourceUnreadable",
    "StartupError",
    "Unauthorized",
    "Unavailable",
    "Unrecordable",
    "Unstorable",
    "Unsupported",
    "UnsupportedMedia",
]
