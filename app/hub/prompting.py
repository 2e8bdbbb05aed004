"""The prompt template of a bundle, made from what the model's tokenizer was published with."""

from __future__ import annotations

import json

from tokenizers import Tokenizer

from app.engine.generation.template import USE_PASSAGES
from app.hub.configuration import Configuration

SPECIAL = ("bos_token", "eos_token", "unk_token", "pad_token")
OPTIONAL = ("tools", "documents")

# Templates of conversations know no passages: these are put before the last message.
_PASSAGES = (
    "{% if passages %}\n{% set passages_text %}\n"
    + USE_PASSAGES
    + """\
{% for passage in passages %}
[{{ loop.index }}] {{ passage }}

{% endfor %}
{% endset %}
{% set last_message = {"role": messages[-1].role, "content": passages_text ~ messages[-1].content} %}
{% set messages = messages[:-1] + [last_message] %}
{% endif %}
"""
)
_PLAIN = """\
{% for message in messages %}
{{ message.content }}{{ "\\n\\n" if not loop.last }}
{%- endfor %}
"""


def prompt_template(configuration: Configuration, tokenizer: Tokenizer) -> str:
    """Return a template of `messages` and `passages` that needs nothing else.

    A model without a template of its own gets the messages as they are, behind the token that its
    texts begin with.
    """
    own = configuration.chat_template
    body = own or _beginning(tokenizer) + _PLAIN.rstrip("\n")
    return _definitions(configuration) + ("" if "passages" in own else _PASSAGES) + body


def _definitions(configuration: Configuration) -> str:
    """Define what published templates take for granted."""
    texts = ((kind, configuration.special(kind)) for kind in SPECIAL)
    special = [f"{{% set {kind} = {_literal(text)} %}}\n" for kind, text in texts]
    optional = [
        f"{{% if {name} is not defined %}}{{% set {name} = none %}}{{% endif %}}\n"
        for name in OPTIONAL
    ]
    return "".join((*special, *optional))


def _beginning(tokenizer: Tokenizer) -> str:
    """Return what the tokenizer puts before every text."""
    encoding = tokenizer.encode("")
    return "".join(f"{{{{ {_literal(token)} }}}}" for token in encoding.tokens)


def _literal(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)
