"""`penstock ask`: one question to the running server, shown as a person reads it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from app.cli import frame
from app.errors import Unauthorized

if TYPE_CHECKING:
    from rich.console import Console

_SPARE_S = 10.0
"""How much longer than the server's own deadline we wait."""
_STYLES = {"block": "bold red", "error": "bold red", "rewrite": "yellow", "flag": "yellow"}


def ask(
    question: Annotated[
        str, typer.Argument(help="What you want to know; `-` reads it from stdin, as UTF-8.")
    ],
    key: Annotated[
        str | None,
        typer.Option(envvar="PENSTOCK_KEY", help="An API key; otherwise the first one made here."),
    ] = None,
    url: Annotated[
        str | None,
        typer.Option(envvar="PENSTOCK_URL", help="The server; otherwise the one of the settings."),
    ] = None,
    model: Annotated[
        str | None, typer.Option(help="The bundle to ask: name or name@version.")
    ] = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print the whole answer as JSON.")
    ] = False,
) -> None:
    """Ask the running server, and see the answer, its source and what the filters said."""
    from app.cli import client, server

    settings = frame.settings()
    body = {"prompt": frame.stdin_text() if question == "-" else question, "stream": True}
    body |= {"model": model} if model else {}
    console = frame.console()
    pieces = client.ask(
        url or server.address(settings),
        key or server.first_key(settings),
        body,
        settings.limits.request_s + _SPARE_S,
    )
    try:
        for piece in pieces:
            if as_json:
                if piece.name == "done":
                    frame.show_json(piece.content)
            elif piece.name == "delta":
                # Released text is shown as it comes, so it is neither wrapped nor marked up.
                typer.echo(frame.visible(piece.content["text"]), nl=False)
            else:
                _show(console, piece.content)
    except client.Refused as error:
        if key or error.status != Unauthorized.status:
            raise
        raise Unauthorized(
            f"The key in {server.key_file(settings)} is not valid any more; use --key or PENSTOCK_KEY."
        ) from None


def _show(console: Console, answer: dict[str, Any]) -> None:
    typer.echo()
    if answer["outcome"] == "blocked":
        console.print("Blocked: the filters let nothing through.", style="bold red")
    for citation in answer["citations"]:
        _show_citation(console, citation)
    typer.echo()
    for verdict in answer["verdicts"]:
        _show_verdict(console, verdict)
    total = answer["timings"].get("total", 0.0)
    console.print(
        f"\n{answer['model']}@{answer['model_version']} · {answer['outcome']} · {total:.0f} ms · "
        f"{answer['id']}",
        style="dim",
        soft_wrap=True,
    )


def _show_citation(console: Console, citation: dict[str, Any]) -> None:
    from rich.text import Text

    start = citation["answer_start"] - citation["start"]
    end = citation["answer_end"] - citation["start"]
    sentence = citation["sentence"]
    quote = Text.assemble(
        "  “",
        frame.visible(sentence[:start]),
        (frame.visible(sentence[start:end]), "bold green"),
        frame.visible(sentence[end:]),
        "”",
    )
    title = f" · {citation['title']}" if citation["title"] else ""
    console.print()
    console.print(Text(frame.visible(citation["source"] + title), style="cyan"))
    console.print(quote)


def _show_verdict(console: Console, verdict: dict[str, Any]) -> None:
    from rich.text import Text

    shadow = " (shadow)" if verdict["mode"] == "shadow" else ""
    label = f"  {verdict['label']}" if verdict["label"] else ""
    line = (
        f"{verdict['action']:<8}{verdict['stage']:<10}{verdict['id']:<18}"
        f"{verdict['score']:.2f}{label}{shadow}"
    )
    console.print(Text(frame.visible(line), style=_STYLES.get(verdict["action"], "dim")))
