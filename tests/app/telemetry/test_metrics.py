from __future__ import annotations

import re

from prometheus_client.parser import text_string_to_metric_families

from app.exchange import Action, Exchange, Message, Mode, Outcome, Usage, Verdict
from app.telemetry import Metrics
from filters import Stage


def values(metrics: Metrics) -> dict[str, float]:
    found = {}
    for family in text_string_to_metric_families(metrics.render().decode()):
        for sample in family.samples:
            labels = ",".join(f"{k}={v}" for k, v in sorted(sample.labels.items()))
            found[f"{sample.name}{{{labels}}}"] = sample.value
    return found


def finished() -> Exchange:
    exchange = Exchange(messages=(Message("user", "secret prompt"),), model="answer")
    exchange.model_version = "1"
    exchange.user = "secret user"
    exchange.outcome = Outcome.BLOCKED
    exchange.timings_ms = {"total": 40.0, "model": 25.0}
    exchange.usage = Usage(12, 3)
    exchange.verdicts = [
        Verdict(
            "blocklist", "keyword", "1", Stage.INPUT, Action.BLOCK, Mode.ENFORCE, 1.0, 0.5, "bomb",
            duration_ms=2.0,
        )
    ]  # fmt: skip
    return exchange


def test_a_finished_exchange_is_counted_in_every_way() -> None:
    metrics = Metrics()
    metrics.count_exchange(finished())

    shown = values(metrics)
    assert shown["penstock_requests_total{model=answer,outcome=blocked}"] == 1
    assert shown["penstock_filter_verdicts_total{action=block,filter=blocklist,stage=input}"] == 1
    assert shown["penstock_filter_duration_seconds_sum{filter=blocklist,stage=input}"] == 0.002
    assert shown["penstock_model_inference_seconds_sum{model=answer}"] == 0.025
    assert shown["gen_ai_server_request_duration_seconds_sum{gen_ai_request_model=answer}"] == 0.04
    tokens = "gen_ai_client_token_usage_sum{gen_ai_request_model=answer,gen_ai_token_type=input}"
    assert shown[tokens] == 12


def test_no_label_holds_anything_from_a_request() -> None:
    metrics = Metrics()
    metrics.count_exchange(finished())
    metrics.count_request("/infer", "BREW\n", 200, 0.1)

    assert b"secret" not in metrics.render()
    assert b"BREW" not in metrics.render()


def test_what_was_refused_before_any_work_is_no_exchange() -> None:
    metrics = Metrics()
    for number in range(100):
        metrics.count_exchange(Exchange(messages=(), model=f"made-up-{number}"))

    assert b"made-up" not in metrics.render()


def test_a_gauge_is_read_when_it_is_shown() -> None:
    metrics = Metrics()
    queue = [1, 2]
    metrics.gauge("penstock_queue_size", "Waiting.", lambda: len(queue))
    queue.append(3)

    assert values(metrics)["penstock_queue_size{}"] == 3


def test_a_gauge_that_cannot_be_read_leaves_the_others() -> None:
    metrics = Metrics()
    metrics.gauge("penstock_broken", "Broken.", lambda: 1 / 0)
    metrics.gauge("penstock_model_info", "Two.", lambda: {("answer", "1"): 1}, "name", "version")

    shown = values(metrics)
    assert "penstock_broken{}" not in shown
    assert shown["penstock_model_info{name=answer,version=1}"] == 1


def test_a_counter_may_have_one_number_for_each_reason() -> None:
    metrics = Metrics()
    metrics.counter("penstock_dropped", "Dropped.", lambda: {"full": 2, "late": 1}, "reason")

    shown = values(metrics)
    assert shown["penstock_dropped_total{reason=full}"] == 2
    assert shown["penstock_dropped_total{reason=late}"] == 1


def test_names_keep_prometheus_conventions() -> None:
    metrics = Metrics()
    metrics.count_exchange(finished())
    metrics.count_request("/infer", "POST", 200, 0.1)

    for family in text_string_to_metric_families(metrics.render().decode()):
        assert re.fullmatch(r"[a-z][a-z0-9_]*", family.name)
        assert not family.name.endswith("_ms")
        assert family.documentation


def test_two_servers_in_one_process_count_apart() -> None:
    one, other = Metrics(), Metrics()
    one.count_request("/livez", "GET", 200, 0.001)

    assert b'http_route="/livez"' in one.render()
    assert b'http_route="/livez"' not in other.render()
