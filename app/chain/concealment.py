"""Mask in an exchange what no record may hold. Every position in it stays true."""

from __future__ import annotations

from dataclasses import replace

from app.chain.chain import StageRun
from app.exchange import Exchange


def conceal(
    exchange: Exchange, before: StageRun, retrieval: StageRun, output: StageRun, num_sent: int
) -> None:
    """Mask what the stages before and behind the model conceal.

    Args:
        exchange: about to be recorded.
        before: judged the messages and the passages that came along, in this order.
        retrieval: judged all passages, those found too.
        output: judged what the model wrote.
        num_sent: how many passages came along; those behind them were found.
    """
    messages, passages = exchange.messages, exchange.passages
    came = [*(message.content for message in messages), *(p.text for p in passages[:num_sent])]
    texts = iter(before.recordable(came))
    exchange.messages = tuple(replace(message, content=next(texts)) for message in messages)
    sent = (replace(passage, text=next(texts)) for passage in passages[:num_sent])
    passages = (*sent, *passages[num_sent:])
    texts = iter(retrieval.recordable([passage.text for passage in passages]))
    exchange.passages = tuple(replace(passage, text=next(texts)) for passage in passages)
    (exchange.generated,) = output.recordable([exchange.generated])
    if output.is_hidden:
        released = exchange.released
        (exchange.completion,) = output.recordable([exchange.completion])
        exchange.released = released
