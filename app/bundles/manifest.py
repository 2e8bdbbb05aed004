"""What `manifest.json` of a bundle says; the same model writes and reads it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

FORMAT: Literal[1] = 1
MANIFEST = "manifest.json"
MODEL = "model.onnx"
TOKENIZER = "tokenizer.json"

Name = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9._-]{0,63}$")]
Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]


class Part(BaseModel):
    """Base of everything in a manifest: frozen, and an unknown key is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)


class File(Part):
    """One file of the bundle. Files that the manifest does not name are refused."""

    sha256: Sha256
    bytes: int = Field(ge=0)


class Tensor(Part):
    """An input or output of the graph; a dimension is a number or a symbol."""

    name: str
    dtype: str
    shape: tuple[int | str, ...]


class Canary(Part):
    """An input whose result is known, run at every load before the bundle is trusted."""

    text: str
    pair: str | None = None
    """Second text of a pair: for `question-answering` the passage, for pairs the claim."""
    expected: tuple[float, ...] = ()
    """Leading values of the result: scores by label, or the embedding's first dimensions."""
    expected_text: str | None = None
    """`question-answering`: the reader's exact span in `pair`. `text-generation`: the beginning
    of the greedy completion of `text`, a single user message."""
    tolerance: float = 0.02


class Dataset(Part):
    """What the weights were trained on."""

    name: str
    licence: str
    source: str
    rows: int
    sha256: Sha256


class Source(Part):
    """Where on a hub the files were fetched."""

    repository: str
    revision: str
    """The commit."""
    file: str
    """The graph's path in the repository."""


class FeatureExtraction(Part):
    """Text to one unit-length vector: output `embedding` [batch, dimension], pooled in the graph."""

    task: Literal["feature-extraction"] = "feature-extraction"
    dimension: int


class TextClassification(Part):
    """Text, or a pair of texts, to a score a label: output `logits` [batch, labels]."""

    task: Literal["text-classification"] = "text-classification"
    labels: tuple[str, ...]
    activation: Literal["sigmoid", "softmax"]
    pair: bool = False
    neutral: str = "none"
    """What a text is called when no label of a sigmoid reaches 0.5."""


class TokenClassification(Part):
    """Text to a score a token and label: output `logits` [batch, sequence, labels].

    A canary's values are each label's highest score over the text's tokens.
    """

    task: Literal["token-classification"] = "token-classification"
    labels: tuple[str, ...]
    """In the form of the model: `O`, `B-PER`, `I-PER`, …"""


class AnswerWeights(Part):
    """How much each measurement of a sentence counts; their weighted sum is its score.

    The sum is the log-odds of "this sentence answers the question" if the weights come from a
    logistic regression.
    """

    reader: float = 1.0
    """Logits of the best span that begins in the sentence, minus those of "not here"."""
    cosine: float = 0.0
    """Cosine of the question's and the sentence's embeddings, in [-1, 1]."""
    overlap: float = 0.0
    """Share of the question's words that the sentence has, rare ones counting more, in [0, 1]."""
    rank: float = 0.0
    """1 for the first passage, 1/2 for the second, 1/3 for the third, ..."""
    novelty: float = 0.0
    """What the sentence says beyond the question, in [0, 1]: 1 for eight further words."""
    bias: float = 0.0


class QuestionAnswering(Part):
    """Question and passage to a span: outputs `start_logits`, `end_logits` [batch, sequence].

    Position 0 ([CLS]) stands for "not in this passage" (Rajpurkar et al. 2018, SQuAD 2.0).
    """

    task: Literal["question-answering"] = "question-answering"
    min_score: float
    """Below this score of the best sentence the engine abstains."""
    weights: AnswerWeights = AnswerWeights()
    candidates: int = Field(8, gt=0)
    """Sentences that are embedded: the best ones by the other measurements."""
    max_answer_tokens: int = 40
    abstention: str = "The sources do not hold an answer to this."


class TextGeneration(Part):
    """Tokens to the next token: `logits` [batch, sequence, vocabulary] and a key/value cache.

    Inputs `past_key_values.N.key|value`, outputs `present.N.key|value`, each
    [batch, heads, length, head_dim].
    """

    task: Literal["text-generation"] = "text-generation"
    layers: int | None = None
    """Said by older manifests; the graph itself decides, here and in the next two."""
    heads: int | None = None
    """Key/value heads."""
    head_dim: int | None = None
    eos_token_ids: tuple[int, ...]
    prompt_template: str
    """Jinja: `messages`, `passages` to the text that is tokenised."""


Model = Annotated[
    FeatureExtraction
    | TextClassification
    | TokenClassification
    | QuestionAnswering
    | TextGeneration,
    Field(discriminator="task"),
]


class Manifest(Part):
    """Everything the server must know of a bundle before it opens a session."""

    format: Literal[1] = FORMAT
    name: Name
    version: Name
    created_at: str
    model: Model
    max_tokens: int
    """Longest input of the graph, special tokens included."""
    inputs: tuple[Tensor, ...]
    outputs: tuple[Tensor, ...]
    files: dict[str, File]
    quantization: str = "none"
    canaries: tuple[Canary, ...] = Field(min_length=1)
    licence: str
    base: str = ""
    """Where the weights began, with their licence."""
    source: Source | None = None
    datasets: tuple[Dataset, ...] = ()
    metrics: dict[str, float] = Field(default_factory=dict)
    training: dict[str, Any] = Field(default_factory=dict)
    """Settings, seed and commit of the run that made it."""

    def write(self, folder: Path) -> None:
        """Write `manifest.json` into a bundle's folder; the last file to be written."""
        text = self.model_dump_json(indent=2, exclude_none=True)
        (folder / MANIFEST).write_text(text + "\n", encoding="utf-8")
