"""The settings, their defaults and what they mean. Units are in the names."""

from __future__ import annotations

from pathlib import Path
from typing import Literal, Self

from pydantic import (
    Field,
    PrivateAttr,
    SecretStr,
    field_validator,
)
from pydantic_core import PydanticCustomError

from app.settings.chain import ChainEntry
from app.settings.group import Folder, Group
from app.settings.origin import Origin


class LimitSettings(Group):
    """Bounds on what a client may ask for."""

    body_bytes: int = Field(1_000_000, gt=0)
    """Largest request body."""
    prompt_chars: int = Field(32_000, gt=0)
    """Most characters over all messages."""
    messages: int = Field(64, gt=0)
    """Most messages in one request."""
    texts: int = Field(512, gt=0)
    """Most texts in one request that asks for checks alone, together of up to `prompt_chars`."""
    passages: int = Field(32, ge=0)
    """Most passages a client may send along."""
    passages_chars: int = Field(32_000, ge=0)
    """Most characters over all passages a client sends along."""
    metadata_bytes: int = Field(4_096, ge=0)
    """Largest metadata object, as JSON."""
    request_s: float = Field(30.0, gt=0)
    """A request's deadline."""
    shadow_s: float = Field(1.0, ge=0)
    """How long an answer waits for shadow filters, within the request's deadline. What they have not
    judged by then gets the verdict `error` (`timeout`)."""
    body_s: float = Field(10.0, gt=0)
    """Longest time a client may take to send its body."""
    concurrent_requests: int = Field(64, gt=0)
    """Requests in work at once; a further one is answered 503 at once."""


class RecorderSettings(Group):
    """The local segments in front of Postgres."""

    durability: Literal["process", "disk", "database"] = "process"
    """When an answer may leave: written by the process, synced to disk, or stored in Postgres."""
    max_bytes: int = Field(512_000_000, gt=0)
    """Most bytes waiting for Postgres; beyond it requests are answered 503."""
    segment_bytes: int = Field(4_000_000, gt=0)
    """Size at which a segment is closed and the next one begun; at least 1/256 of `max_bytes`."""
    batch_rows: int = Field(100, gt=0)
    """Most exchanges written to Postgres in one transaction. More are hardly faster, and requests
    wait longer while a batch is made."""
    sync_interval_ms: float = Field(10.0, gt=0)
    """How often written records are synced in the background at level `process`."""
    drain_timeout_s: float = Field(5.0, ge=0)
    """How long shutdown waits for the segments to reach Postgres; the rest is kept on disk."""


class RetrievalSettings(Group):
    """How sources are cut and searched."""

    chunk_chars: int = Field(500, ge=100)
    """Characters of a passage that are aimed at; no sentence is cut for it."""
    refresh_s: float = Field(30.0, gt=0)
    """Longest time until a change of the sources is seen when its notification is missed."""


class RetentionSettings(Group):
    """How long the log is kept; 0 keeps for ever. Whole months are dropped, once all of it is older."""

    text_days: int = Field(90, ge=0)
    """Prompts, completions and passages."""
    exchange_days: int = Field(400, ge=0)
    """Who, when, outcome, verdicts."""
    months_ahead: int = Field(3, ge=1)
    """Partitions made in advance."""
    maintenance_interval_s: float = Field(3_600.0, gt=0)
    """How often partitions are made and dropped."""


class RuntimeSettings(Group):
    """ONNX Runtime."""

    provider: Literal["auto", "cuda", "cpu"] = "auto"
    """`auto` takes the GPU if a session really gets it."""
    threads: int = Field(0, ge=0)
    """Threads for the models together; 0 is one a core."""
    queue_size: int = Field(256, gt=0)
    """Texts waiting in front of one model."""
    spin_us: int = Field(50, ge=0, le=1_000_000)
    """How long a language model's idle thread looks for more work before it sleeps. Writing takes
    hundreds of short stretches a token; waking up between them costs up to 40 % of an idle machine.
    Far more than 50 makes a busy machine slower."""
    max_sequences: int = Field(32, gt=0)
    """Completions that one language model writes at once; further ones wait in its queue."""
    kv_bytes: int = Field(2_000_000_000, gt=0)
    """Most memory for keys and values of one language model. It is taken as it is needed; a request
    begins when the longest it may become fits beside the others."""
    step_timeout_s: float = Field(60.0, gt=0)
    """A language model whose step takes longer counts as dead: `/readyz` says 503."""
    cuda_graphs: Literal["auto", "off"] = "auto"
    """On a GPU: `auto` records a language model's steps and replays them, where all of its nodes run
    there; the log says `cuda_graphs_off` and why where they do not."""


class HubSettings(Group):
    """Where `penstock models pull` finds models."""

    endpoint: str = Field("https://huggingface.co", pattern=r"^https?://[^\s/?#]+(/[^\s?#]*)?$")
    """A hub that speaks Hugging Face's API. `HF_ENDPOINT` counts where nothing else is said."""
    token: SecretStr | None = None
    """For private and gated models. `HF_TOKEN` counts where nothing else is said."""


class Settings(Group):
    """Everything an operator may choose."""

    host: str = "127.0.0.1"
    """Address to listen on; `0.0.0.0` is every one of this machine."""
    port: int = Field(8000, ge=0, le=65_535)
    """Port to listen on; 0 takes a free one."""
    home: Folder = Path("var")
    """State: the embedded Postgres, the segments, the first key. Relative to the working directory."""
    database_url: SecretStr | None = None
    """`postgresql://…`; without it an embedded Postgres is started under `home`."""
    models_dir: Folder = Path("models")
    """Where the bundles lie: `<name>/<version>/`."""
    model: str = "answer"
    """The bundle behind `/infer` when a request names none: `name` or `name@version`."""
    models: tuple[str, ...] = ()
    """Further bundles to serve."""
    encoder: str = "encoder"
    """The bundle that embeds passages and questions."""
    sources: tuple[Folder, ...] = ()
    """Files and folders that are indexed at the first start, while there are no sources."""
    log_level: Literal["debug", "info", "warning", "error"] = "info"
    """The mildest thing that is logged. `debug` tells the messages of exceptions, which may hold text
    of requests."""
    log_format: Literal["auto", "json", "text"] = "auto"
    """One JSON object a line for machines, or text for people; `auto` is text on a terminal."""
    drain_delay_s: float = Field(0.0, ge=0)
    """After SIGTERM: how long to go on serving while `/readyz` already says 503."""
    shutdown_timeout_s: float = Field(20.0, gt=0)
    """After SIGTERM: how long requests in work may take to end."""
    limits: LimitSettings = LimitSettings()
    recorder: RecorderSettings = RecorderSettings()
    retrieval: RetrievalSettings = RetrievalSettings()
    retention: RetentionSettings = RetentionSettings()
    runtime: RuntimeSettings = RuntimeSettings()
    hub: HubSettings = HubSettings()
    chain: tuple[ChainEntry, ...] = ()
    """The filters, in order: rewriting ones run first and one after the other."""

    _origin: Origin = PrivateAttr(default_factory=Origin)

    @field_validator("database_url")
    @classmethod
    def _is_postgres(cls, url: SecretStr | None) -> SecretStr | None:
        schemes = ("postgresql://", "postgres://", "postgresql+asyncpg://")
        if url and not url.get_secret_value().startswith(schemes):
            raise PydanticCustomError("not_postgres", "it should begin with postgresql://")
        return url

    @field_validator("chain")
    @classmethod
    def _ids_are_unique(cls, chain: tuple[ChainEntry, ...]) -> tuple[ChainEntry, ...]:
        ids = [entry.id for entry in chain]
        for index, name in enumerate(ids):
            if name in ids[:index]:
                message = "another filter of the chain has this id already"
                raise PydanticCustomError("duplicate_id", message, {"path": (index, "id")})
        return chain

    def with_origin(self, origin: Origin) -> Self:
        """Return the same settings, knowing where they were read."""
        settings = self.model_copy()
        settings._origin = origin
        return settings

    @property
    def origin(self) -> Origin:
        """Where the settings were read."""
        return self._origin

    def locate(self, *path: str | int) -> str:
        """Name the place of a setting for an error message.

        `locate("chain", 3, "options")` is `penstock.toml:12`, the name of an environment
        variable, or `defaults` for settings that were made in code.
        """
        return self._origin.locate(path)
