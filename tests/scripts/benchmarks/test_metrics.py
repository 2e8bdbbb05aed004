from __future__ import annotations

import pytest

from scripts.benchmarks.metrics import Metrics, quantile

TEXT = """\
# HELP penstock_model_running Completions in work.
penstock_model_running{bundle="a@1"} 2.0
penstock_model_running{bundle="b@1"} 3.0
penstock_event_loop_tasks 9.0
lag_bucket{le="0.01"} 90.0
lag_bucket{le="0.02"} 100.0
lag_bucket{le="+Inf"} 100.0
"""


def test_a_metric_is_summed_over_its_labels() -> None:
    metrics = Metrics(TEXT)

    assert metrics.total("penstock_model_running") == 5.0
    assert metrics.total("penstock_event_loop_tasks") == 9.0
    assert metrics.total("nothing") == 0.0


@pytest.mark.parametrize(("share", "expected"), [(0.45, 0.005), (0.9, 0.01), (0.99, 0.019)])
def test_a_quantile_lies_in_its_bucket(share: float, expected: float) -> None:
    assert quantile({}, Metrics(TEXT).buckets("lag"), share) == pytest.approx(expected)


def test_only_what_came_between_counts() -> None:
    after = Metrics(TEXT).buckets("lag")
    before = {0.01: 90.0, 0.02: 90.0, float("inf"): 90.0}

    assert quantile(before, after, 0.5) == pytest.approx(0.015)
    assert quantile(after, after, 0.5) == 0.0


def test_beyond_the_last_bound_the_bound_is_told() -> None:
    assert quantile({}, {0.01: 1.0, float("inf"): 10.0}, 0.99) == 0.01
