"""A Hugging Face checkpoint folder, run by torch: what exports are held against."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from transformers import AutoModelForCausalLM
from transformers.utils import logging

from app.hub import open_folder
from app.hub.card import UNKNOWN
from scripts.bundling.decoders import NotExported
from scripts.bundling.held_text import HeldText
from scripts.folders import digest

NEEDED = ("config.json", "tokenizer.json", "tokenizer_config.json")


class Checkpoint:
    """Weights with configuration and tokenizer; nothing in the folder is run as code.

    Raises:
        NotExported: a file is missing.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder.resolve()
        self.name = self.folder.name
        missing = [name for name in NEEDED if not (folder / name).is_file()]
        self._weights = sorted(folder.glob("*.safetensors"))
        if missing or not self._weights:
            raise NotExported(f"{folder} has no {(missing or ['*.safetensors'])[0]}")
        self.licence = open_folder(folder).licence or UNKNOWN

    @property
    def sha256(self) -> str:
        """The names of the weights' files, each with its digest."""
        return ", ".join(f"{file.name} {digest(file)}" for file in self._weights)

    def logits(self, text: HeldText) -> Iterator[NDArray[np.float32]]:
        """Yield what the network says of each window, computed in float32."""
        for window in text.windows:
            with torch.inference_mode():
                said = self._network(torch.tensor([window]), use_cache=False).logits[0]
            yield said.float().numpy()

    @cached_property
    def _network(self) -> Any:
        logging.disable_progress_bar()  # type: ignore[no-untyped-call]
        opened: Any = AutoModelForCausalLM
        return opened.from_pretrained(
            self.folder, dtype=torch.float32, local_files_only=True, use_safetensors=True
        ).eval()
