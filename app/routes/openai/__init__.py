"""The endpoints under `/v1` that clients of OpenAI's API call.

They lead through the same pipeline as `POST /infer`: the same filters, the same log, nothing
released that was not judged. What changes is the form. What a request asks for and this server
cannot do is refused, unless leaving it out cannot change the answer; docs/api.md lists both.
"""

from app.routes.openai import chat, completions, embeddings, models, responses

routers = (
    chat.router,
    completions.router,
    responses.router,
    models.router,
    embeddings.router,
)

__all__ = ["routers"]
