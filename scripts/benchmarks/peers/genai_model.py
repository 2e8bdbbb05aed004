"""Opening a folder that the builder of onnxruntime-genai made."""

from __future__ import annotations

import argparse
import json
from typing import Any


def open_model(options: argparse.Namespace) -> Any:
    """Return the model, with as many threads as all others have, and else as it comes."""
    import onnxruntime_genai as genai

    genai.disable_telemetry_events()
    settings = genai.Config(str(options.model))
    wanted = {"session_options": {"intra_op_num_threads": options.threads}}
    settings.overlay(json.dumps({"model": {"decoder": wanted}}))
    return genai.Model(settings)
