"""Train a tiny language model on a small made-up world and write it as a bundle; takes seconds.

python -m scripts.train_generator --models var/models --name tiny

It serves tests and shows the form of a `text-generation` bundle: logits and a key/value cache.
"""

from __future__ import annotations

import argparse
import logging
import warnings
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import onnx
import torch
from rich.console import Console
from tokenizers import Tokenizer

from app.bundles.manifest import Canary, TextGeneration
from scripts.bundling.bundle import Draft, revision, write_bundle
from scripts.bundling.card import CardText
from scripts.bundling.graph import forget_traces
from scripts.bundling.parity import GateRefused
from scripts.bundling.session import GraphSession
from scripts.corpus.made.talk import conversations
from scripts.training.generator import ASKED, END, TOLD, Generator, Shape, learn, new_tokenizer

TEMPLATE = (
    f"{{% for message in messages %}}{{% if message.role == 'user' %}}{ASKED}{{% else %}}{TOLD}"
    f"{{% endif %}}{{{{ message.content }}}}{{% endfor %}}{TOLD}"
)
LARGEST_GAP = 1e-3
CARD = CardText(
    purpose="A language model of some hundred thousand weights that knows twenty sentences.",
    intended_use="Tests, and as an example of the form of a text-generation bundle.",
    weak_points=("It answers what it was taught and nothing else.",),
    limits=("Not for people.",),
)


def main(arguments: Sequence[str] | None = None) -> Path:
    """Train, export, compare, write; returns the bundle's folder."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--models", type=Path, required=True)
    parser.add_argument("--name", default="tiny")
    parser.add_argument("--version", help="default: the next whole number")
    parser.add_argument("--steps", type=int, default=250)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args(arguments)
    console = Console()
    torch.manual_seed(options.seed)
    torch.set_num_threads(1)
    tokenizer, network, loss = trained(options.steps)
    console.print(f"learnt {len(conversations())} answers, loss {loss:.4f}; exporting")
    graph = to_onnx(network)
    compare(network, graph)
    path = write_bundle(_draft(options, tokenizer, network, graph), options.models, options.version)
    console.print(f"wrote {path}")
    return path


def trained(steps: int) -> tuple[Tokenizer, Generator, float]:
    """Return tokenizer, network and the last loss."""
    texts = [f"{ASKED}{question}{TOLD}{answer}{END}" for question, answer in conversations()]
    tokenizer = new_tokenizer(texts)
    network = Generator(Shape(tokenizer.get_vocab_size()))
    loss = learn(network, [tokenizer.encode(text).ids for text in texts], steps=steps, rate=3e-3)
    return tokenizer, network.eval(), loss


def to_onnx(network: Generator) -> onnx.ModelProto:
    """Export with free lengths of the text and of the cache."""
    pairs = [f"{n}.{part}" for n in range(network.shape.layers) for part in ("key", "value")]
    length, past = 3, 5
    traced = (
        torch.ones(2, length, dtype=torch.int64),
        torch.arange(past, past + length).expand(2, length),
        *(torch.zeros(2, network.shape.heads, past, network.shape.head_dim) for _ in pairs),
    )
    batch, sequence, cached = map(torch.export.Dim, ("batch", "sequence", "past"))
    tokens, cache = {0: batch, 1: sequence}, {0: batch, 2: cached}
    logging.getLogger("torch.onnx").setLevel(logging.ERROR)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the exporter warns of its own deprecated calls
        program = torch.onnx.export(
            network,
            traced,
            dynamo=True,
            verbose=False,
            input_names=["input_ids", "position_ids", *(f"past_key_values.{p}" for p in pairs)],
            output_names=["logits", *(f"present.{p}" for p in pairs)],
            dynamic_shapes=(tokens, tokens, tuple(cache for _ in pairs)),
        )
    if program is None:
        raise RuntimeError("the exporter returned nothing")
    model: onnx.ModelProto = program.model_proto
    forget_traces(model)
    onnx.checker.check_model(model)
    return model


def compare(network: Generator, graph: onnx.ModelProto) -> None:
    """Compare other lengths than the traced ones, at once and token by token.

    Raises:
        GateRefused: the graph says something else.
    """
    session = GraphSession(graph)
    ids = torch.randint(0, network.shape.vocabulary, (1, 20), generator=torch.Generator())
    positions = torch.arange(20).unsqueeze(0)
    with torch.no_grad():
        expected = network(ids, positions, *network.empty_cache(1))[0].numpy()
    names = session.inputs[2:]
    cache = [tensor.numpy() for tensor in network.empty_cache(1)]
    found = []
    for start, end in ((0, 11), *((at, at + 1) for at in range(11, 20))):
        feeds = {
            "input_ids": ids[:, start:end].numpy(),
            "position_ids": positions[:, start:end].numpy(),
            **dict(zip(names, cache, strict=True)),
        }
        logits, *cache = session.run(feeds)
        found.append(logits)
    gap = float(np.abs(np.concatenate(found, axis=1) - expected).max())
    if not gap <= LARGEST_GAP:
        raise GateRefused(f"the graph's logits are off by {gap}")


def _draft(
    options: argparse.Namespace, tokenizer: Tokenizer, network: Generator, graph: onnx.ModelProto
) -> Draft:
    shape = network.shape
    question, answer = conversations()[0]
    return Draft(
        name=options.name,
        model=TextGeneration(
            layers=shape.layers,
            heads=shape.heads,
            head_dim=shape.head_dim,
            eos_token_ids=(tokenizer.token_to_id(END),),
            prompt_template=TEMPLATE,
        ),
        graph=graph,
        tokenizer=tokenizer,
        max_tokens=shape.max_tokens,
        canaries=(Canary(text=question, expected_text=answer),),
        card=CARD,
        command=f"python -m scripts.train_generator --steps {options.steps}",
        base="",
        training={"steps": options.steps, "seed": options.seed, "revision": revision()},
        quantization="none",
    )


if __name__ == "__main__":
    main()
