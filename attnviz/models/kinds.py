"""Which models can be reported on: how they are named, and which architectures were tried."""

from __future__ import annotations

from collections.abc import Mapping

NAMES: Mapping[str, str] = {
    "minilm": "The embedded all-MiniLM-L6-v2 encoder, offline; extra `minilm`.",
    "ORG/NAME": "A model on the Hugging Face Hub, from the cache or the network; --revision.",
    "FOLDER": "A folder that save_pretrained wrote: config, safetensors weights, tokenizer.",
    "FILE.gguf": "A GGUF file, dequantised to float32; extra `gguf`.",
}
"""What MODEL can be -> what it then means."""

ARCHITECTURES: Mapping[str, tuple[str, ...]] = {
    "encoders": (
        "albert",
        "bert",
        "camembert",
        "distilbert",
        "electra",
        "ernie",
        "esm",
        "modernbert",
        "roberta",
        "xlm-roberta",
    ),
    "decoders": (
        "biogpt",
        "cohere",
        "ctrl",
        "gemma",
        "gemma2",
        "gemma3_text",
        "gpt2",
        "gpt_neox",
        "gpt_oss",
        "granite",
        "llama",
        "mistral",
        "mixtral",
        "olmo2",
        "opt",
        "phi",
        "phi3",
        "qwen2",
        "qwen2_moe",
        "qwen3",
        "smollm3",
        "stablelm",
        "starcoder2",
    ),
}
"""Architectures whose attention was checked against eager attention, every one in the tests."""
