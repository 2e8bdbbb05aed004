"""Checks of texts without a model of ours, in the forms of other guards' APIs.

Each leads through the chain and into the log as `POST /infer` does; see `app.checking`. Of a body
that another program writes, only what is told here is read: what it may add later changes nothing.
"""

from app.routes.checks import detectors, litellm, llm_guard, moderations

routers = (moderations.router, llm_guard.router, litellm.router, detectors.router)

__all__ = ["routers"]
