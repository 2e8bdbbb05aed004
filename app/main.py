"""The composition root: the only place that knows all parts and puts them together."""

from __future__ import annotations

import asyncio
import datetime as dt
import gc
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from functools import partial

import structlog
from fastapi import FastAPI

from app import __version__
from app.bundles import parse_reference
from app.chain.chain import Chain
from app.checking import Checker
from app.errors import Unavailable
from app.pipeline import Pipeline
from app.recorder.recorder import Recorder
from app.retrieval.searcher import Searcher
from app.review import install_review
from app.routes import checks, exchanges, filters, infer, openai, operations
from app.routes import models as model_routes
from app.routes.authentication import check_routes
from app.routes.draining import Drain
from app.routes.envelope import EnvelopeMiddleware, install_error_handlers
from app.routes.limits import LimitsMiddleware
from app.routes.readiness import Check, Readiness
from app.routes.service import Service
from app.settings import Settings
from app.startup.background import Chore, in_background
from app.startup.chain import FOLLOW_EVERY_S as FOLLOW_FILTERS_EVERY_S
from app.startup.chain import open_chain
from app.startup.database import FOLLOW_EVERY_S, DatabaseLink, open_database
from app.startup.lineup import FOLLOW_EVERY_S as FOLLOW_MODELS_EVERY_S
from app.startup.lineup import ModelLineup
from app.startup.memory import settle
from app.startup.models import FilterResources, LoadedModels, open_models
from app.startup.records import open_exchange_store
from app.startup.secrets import review_secret
from app.startup.sources import TRY_EVERY_S, FirstSources
from app.store.exchanges import ExchangeStore
from app.store.partitions import maintain
from app.store.sources import SourceStore
from app.telemetry import Metrics

log = structlog.get_logger(__name__)


def create_app(settings: Settings) -> FastAPI:
    """Return the application; its lifespan opens everything that the settings name.

    Raises:
        StartupError: a route does not say who may call it, or a secret cannot be kept.
    """
    app = FastAPI(
        title="Penstock",
        version=__version__,
        lifespan=lambda app: _lifespan(app, settings),
        # These would answer without a key; ours are in routes/operations.py.
        openapi_url=None,
        # A redirect would be built from the Host header, which a client may choose.
        redirect_slashes=False,
        # Its log records would hold request text, and its spans take a tenth of a request's time.
        telemetry={"tracing": False, "logs": False, "metrics": False, "operation_spans": False},
    )
    app.state.metrics = Metrics()
    app.state.drain = Drain()
    install_error_handlers(app)
    # The one added last is the outermost.
    shared = {"metrics": app.state.metrics, "drain": app.state.drain}
    app.add_middleware(LimitsMiddleware, limits=settings.limits, **shared)
    app.add_middleware(EnvelopeMiddleware, **shared)
    own = (routes.router for routes in (infer, exchanges, model_routes, filters, operations))
    for router in (*own, *openai.routers, *checks.routers):
        app.include_router(router)
    install_review(app, review_secret(settings.home))
    app.openapi = partial(operations.describe, app)  # type: ignore[method-assign]
    check_routes(app.routes)
    return app


@asynccontextmanager
async def _lifespan(app: FastAPI, settings: Settings) -> AsyncGenerator[None]:
    """Open everything, in the order in which it is needed, and close it the other way round."""
    metrics: Metrics = app.state.metrics
    chain = Chain.build(settings.chain, partial(settings.locate, "chain"))
    async with AsyncExitStack() as stack:
        link = await stack.enter_async_context(open_database(settings))
        models = await stack.enter_async_context(open_models(settings, link.resolve))
        lineup = ModelLineup(settings, models, link.database, on_closed=settle)
        await lineup.open()
        sources = SourceStore(link.database)
        first_sources = FirstSources(settings, sources, models.embedder)
        with suppress(Unavailable):
            await first_sources.ensure()
        searcher = Searcher(sources, models.embedder, settings.retrieval.refresh_s)
        await searcher.start()
        stack.push_async_callback(searcher.close)
        loader = await stack.enter_async_context(
            open_chain(settings, chain, FilterResources(models, searcher), on_closed=settle)
        )
        recorder = Recorder(
            settings.home / "segments",
            settings.recorder,
            partial(open_exchange_store, link.url),
        )
        await recorder.start()
        stack.push_async_callback(recorder.close)
        app.state.service = Service(
            settings=settings,
            pipeline=Pipeline(
                chain,
                models.engines,
                recorder,
                settings.limits.request_s,
                settings.limits.shadow_s,
            ),
            checker=Checker(
                chain,
                recorder,
                settings.limits.request_s,
                settings.limits.shadow_s,
                settings.limits.concurrent_requests,
            ),
            filters=loader,
            engines=models.engines,
            embedder=models.embedder,
            exchanges=ExchangeStore(link.database),
            keys=link.keys,
            metrics=metrics,
            drain=app.state.drain,
            readiness=_readiness(link, models, recorder, searcher),
            lineup=lineup,
        )
        _show(metrics, recorder, searcher)
        _show_models(metrics, models, lineup)
        _show_filters(metrics, chain)
        chores = [
            *_chores(settings, link),
            Chore("sources", TRY_EVERY_S, first_sources.ensure),
            Chore("models", FOLLOW_MODELS_EVERY_S, lineup.follow),
            Chore("filters", FOLLOW_FILTERS_EVERY_S, loader.follow),
        ]
        await stack.enter_async_context(in_background(chores, metrics))
        settle()
        stack.callback(gc.unfreeze)
        log.info("ready", version=__version__, model=settings.model)
        yield


def _readiness(
    link: DatabaseLink, models: LoadedModels, recorder: Recorder, searcher: Searcher
) -> Readiness:
    """Say what must work for an answer. Filters are set up, or the server would not be here."""
    return Readiness(
        (
            Check("models", lambda: models.is_alive),
            Check("threads", lambda: models.has_threads, is_lasting=True),
            Check("recorder", lambda: recorder.is_alive and recorder.has_room()),
            Check("keys", lambda: link.keys.is_loaded),
            Check("database", lambda: link.keys.is_current, is_vital=False),
            Check("sources", lambda: searcher.is_ready, is_vital=False),
        )
    )


def _chores(settings: Settings, link: DatabaseLink) -> list[Chore]:
    async def maintain_partitions() -> None:
        report = await maintain(link.database, settings.retention, dt.datetime.now(dt.UTC))
        if report.postponed:
            log.warning("partitions_in_use", postponed=report.postponed)

    return [
        Chore("database", FOLLOW_EVERY_S, link.follow),
        Chore(
            "partitions",
            settings.retention.maintenance_interval_s,
            maintain_partitions,
            is_due=True,
        ),
    ]


def _show_models(metrics: Metrics, models: LoadedModels, lineup: ModelLineup) -> None:
    """Show the models as they are whenever the metrics are read."""

    def loaded() -> dict[tuple[str, str], float]:
        return dict.fromkeys(map(parse_reference, models.references), 1.0)

    gauge = metrics.gauge
    gauge("penstock_model_info", "Loaded bundles; always 1.", loaded, "name", "version")
    gauge("penstock_model_queue_size", "What waits for a model.", models.queues, "bundle")
    gauge("penstock_model_running", "Completions in work.", models.running, "bundle")
    gauge("penstock_model_kv_bytes", "Keys and values.", models.kv_bytes, "bundle")
    gauge("penstock_model_not_loaded", "Could not be loaded.", lambda: lineup.failures, "model")


def _show_filters(metrics: Metrics, chain: Chain) -> None:
    """Show which filters are in trouble."""

    def circuits() -> dict[str, float]:
        return {one.id: float(one.is_circuit_open) for one in chain.instances}

    def restarts() -> dict[str, float]:
        isolated = {one.id: one.restarts for one in chain.instances}
        return {name: float(number) for name, number in isolated.items() if number is not None}

    gauge = metrics.gauge
    gauge("penstock_filter_circuit_open", "1: left alone for a while.", circuits, "filter")
    gauge("penstock_filter_restarts", "Processes replaced since it was opened.", restarts, "filter")


def _show(metrics: Metrics, recorder: Recorder, searcher: Searcher) -> None:
    """Show the numbers that are read whenever the metrics are."""
    gauge, counter = metrics.gauge, metrics.counter
    loop = asyncio.get_running_loop()
    gauge("penstock_event_loop_tasks", "Its tasks.", lambda: len(asyncio.all_tasks(loop)))
    gauge("penstock_passages", "Passages in the index.", lambda: searcher.num_passages)
    gauge("penstock_log_pending_bytes", "Waiting for Postgres.", lambda: recorder.pending_bytes)
    gauge("penstock_log_oldest_seconds", "Age of the oldest.", lambda: recorder.oldest_age_s)
    gauge("penstock_log_alive", "1 while its threads run.", lambda: recorder.is_alive)
    gauge("penstock_log_dead_letters", "Records kept as files.", lambda: recorder.dead_letters)
    counter("penstock_log_recorded", "Exchanges kept.", lambda: recorder.recorded_total)
    counter("penstock_log_drained", "Exchanges in Postgres.", lambda: recorder.drained_total)
    counter("penstock_log_quarantined", "Set aside.", lambda: recorder.quarantined_total)
    counter("penstock_log_sync_failures", "Refused by the disk.", lambda: recorder.failed_syncs)
    counter("penstock_log_dropped", "Exchanges refused.", lambda: recorder.dropped, "reason")
