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
        "data2vec-text",
        "distilbert",
        "electra",
        "ernie",
        "esm",
        "eurobert",
        "mobilebert",
        "modernbert",
        "nomic_bert",
        "roberta",
        "xlm-roberta",
        "xlm-roberta-xl",
    ),
    "decoders": (
        "arcee",
        "biogpt",
        "cohere",
        "cohere2",
        "ctrl",
        "ernie4_5",
        "gemma",
        "gemma2",
        "gemma3_text",
        "glm",
        "glm4",
        "gpt2",
        "gpt_bigcode",
        "gpt_neox",
        "gpt_oss",
        "granite",
        "granitemoe",
        "jamba",
        "lfm2",
        "llama",
        "mistral",
        "mixtral",
        "nemotron_h",
        "olmo",
        "olmo2",
        "olmo3",
        "olmoe",
        "opt",
        "phi",
        "phi3",
        "qwen2",
        "qwen2_moe",
        "qwen3",
        "qwen3_moe",
        "smollm3",
        "stablelm",
        "starcoder2",
    ),
}
"""Architectures whose attention was checked against eager attention, every one in the tests."""
