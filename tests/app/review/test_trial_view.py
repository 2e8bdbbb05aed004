"""A trial as its page shows it: what broke, what is only watched, and what is taken out."""

from __future__ import annotations

from app.chain.chain import Chain
from app.chain.instance import Instance
from app.review.rendering import page
from app.review.trial_view import trial_view
from app.trial import Tried, try_chain
from filters import Filter, Finding, Item, Range, Stage
from tests.app.trials import Broken, Endless, instance


class Hidden(Filter):
    """Takes the first letter out."""

    async def check(self, item: Item) -> Finding | None:
        return Finding(1.0, "hidden", (Range(0, 1, "hidden", replacement=""),))


async def shown(*instances: Instance) -> str:
    trial = await try_chain(Chain(instances), Tried(Stage.INPUT, "a text"), 5.0)
    html = page("trial.html", problem=None, **trial_view(trial)).body
    return " ".join(bytes(html).decode().split())


async def test_what_broke_is_named_with_how() -> None:
    html = await shown(
        instance(Broken, "broken", on_error="open"), instance(Endless, "endless", deadline_ms=20)
    )

    assert "A filter broke, and it fails closed: nothing would pass." in html
    for id, error in (("broken", "raised"), ("endless", "timeout")):
        row = html.partition(f'<th scope="row">{id}</th>')[2].partition("</tr>")[0]
        assert f"</span> {error}</td>" in row


async def test_a_shadow_flags_nothing() -> None:
    html = await shown(instance(Hidden, "watched", mode="shadow"), instance(Hidden, "enforced"))

    assert "Flagged by <code>enforced</code>." in html
    assert '<span class="chip shadow">shadow</span>' in html


async def test_what_is_taken_out_becomes_nothing() -> None:
    html = await shown(instance(Hidden, "hidden", action="rewrite"))

    assert "is taken out" in html
    assert "becomes" not in html
