"""The model card of a bundle that was made from a foreign model."""

from __future__ import annotations

from app.bundles.manifest import Manifest

UNKNOWN = "unknown"
"""A licence that nobody has told."""


def render(manifest: Manifest) -> str:
    """Return the card as Markdown."""
    return "\n".join(
        (f"# {manifest.name} {manifest.version}", "", *_facts(manifest), "", _NOTE, "")
    )


def _facts(manifest: Manifest) -> list[str]:
    source = manifest.source
    licence = manifest.licence
    return [
        *(
            [
                f"- Repository: {source.repository}",
                f"- Revision: {source.revision}",
                f"- Graph: {source.file}",
            ]
            if source
            else [f"- From: {manifest.base}"]
        ),
        f"- Licence: {licence}" + (": find out before you use it" if licence == UNKNOWN else ""),
        f"- Task: {manifest.model.task}",
        f"- Longest input: {manifest.max_tokens} tokens",
        f"- Brought in: {manifest.created_at}",
    ]


_NOTE = """\
Its purpose, its training data and its weak points are told where it comes from. The canaries in
`manifest.json` are what it said when it was brought in; they show that it still computes the same, and
nothing about how good it is."""
