"""One tiny model of each architecture, made from its config with random weights."""

from __future__ import annotations

from typing import Any

import torch

_SIZES: dict[str, Any] = {
    "vocab_size": 61,
    "hidden_size": 32,
    "intermediate_size": 48,
    "num_hidden_layers": 3,
    "num_attention_heads": 4,
    "max_position_embeddings": 64,
    "pad_token_id": 0,
    "bos_token_id": 1,
    "eos_token_id": 2,
    "attention_dropout": 0.0,
}
_GROUPED = {"num_key_value_heads": 2}
_ALTERNATING = ["sliding_attention", "full_attention", "sliding_attention"]
_EXPERTS = {"num_experts_per_tok": 2, "moe_intermediate_size": 24}

# What each architecture needs beyond the sizes: its own names for them, and everything that
# shapes the scores (windows, sinks, soft caps, grouped keys) made small enough to matter.
_OWN: dict[str, dict[str, Any]] = {
    "albert": {"embedding_size": 16, "num_hidden_layers": 4, "num_hidden_groups": 2},
    "arcee": _GROUPED,
    "cohere": _GROUPED,
    "cohere2": _GROUPED | {"sliding_window": 3, "layer_types": _ALTERNATING},
    "ctrl": {"n_embd": 32, "dff": 48, "n_layer": 3, "n_head": 4, "n_positions": 64},
    "distilbert": {"dim": 32, "hidden_dim": 48, "n_layers": 3, "n_heads": 4},
    "electra": {"embedding_size": 16},
    "ernie4_5": _GROUPED,
    "esm": {"position_embedding_type": "rotary", "mask_token_id": 3},
    "gemma": _GROUPED | {"head_dim": 8},
    "gemma2": _GROUPED
    | {"head_dim": 8, "sliding_window": 3, "attn_logit_softcapping": 0.5, "num_hidden_layers": 4},
    "gemma3_text": _GROUPED
    | {
        "head_dim": 8,
        "sliding_window": 3,
        "layer_types": _ALTERNATING,
    },
    "glm": _GROUPED | {"head_dim": 8},
    "glm4": _GROUPED | {"head_dim": 8},
    "gpt2": {"n_embd": 32, "n_inner": 48, "n_layer": 3, "n_head": 4, "n_positions": 64},
    "gpt_bigcode": {"n_embd": 32, "n_inner": 48, "n_layer": 3, "n_head": 4, "n_positions": 64},
    "gpt_oss": _GROUPED
    | {
        "head_dim": 8,
        "sliding_window": 3,
        "num_local_experts": 4,
        "num_experts_per_tok": 2,
        "layer_types": _ALTERNATING,
    },
    "granite": _GROUPED | {"attention_multiplier": 0.3},
    "granitemoe": _GROUPED | {"num_local_experts": 4, "num_experts_per_tok": 2},
    # Hybrids: of their three layers only the second has attention.
    "jamba": _GROUPED
    | {"attn_layer_period": 3, "attn_layer_offset": 1, "num_experts": 2, "mamba_d_state": 4}
    | {"use_mamba_kernels": False},
    "lfm2": _GROUPED | {"layer_types": ["conv", "full_attention", "conv"]},
    "llama": _GROUPED,
    "mistral": _GROUPED | {"sliding_window": 3},
    "mixtral": _GROUPED | {"sliding_window": 3, "num_local_experts": 4, "num_experts_per_tok": 2},
    "mobilebert": {"normalization_type": "layer_norm"},
    "modernbert": {
        "local_attention": 4,
        "global_attn_every_n_layers": 2,
        "cls_token_id": 1,
        "sep_token_id": 2,
    },
    "nemotron_h": _GROUPED
    | {"layers_block_type": ["mamba", "attention", "moe"], "use_mamba_kernels": False}
    | {"mamba_num_heads": 4, "mamba_head_dim": 16, "n_groups": 1, "ssm_state_size": 4},
    "olmo": _GROUPED,
    "olmo2": _GROUPED,
    "olmo3": _GROUPED | {"sliding_window": 3, "layer_types": _ALTERNATING},
    "olmoe": _GROUPED | {"num_experts": 4, "num_experts_per_tok": 2},
    "opt": {"ffn_dim": 48, "word_embed_proj_dim": 32},
    "phi3": _GROUPED | {"sliding_window": 3},
    "qwen2": _GROUPED | {"use_sliding_window": True, "sliding_window": 3, "max_window_layers": 1},
    "qwen2_moe": _GROUPED
    | _EXPERTS
    | {"num_experts": 4, "shared_expert_intermediate_size": 24}
    | {"use_sliding_window": True, "sliding_window": 3, "max_window_layers": 1},
    "qwen3": _GROUPED
    | {"head_dim": 8, "use_sliding_window": True, "sliding_window": 3, "max_window_layers": 1},
    "qwen3_moe": _GROUPED
    | _EXPERTS
    | {"head_dim": 8, "num_experts": 4, "use_sliding_window": True, "sliding_window": 3},
    "smollm3": _GROUPED
    | {"no_rope_layers": [1, 0, 1], "use_sliding_window": True, "sliding_window": 3}
    | {"layer_types": _ALTERNATING},
    "stablelm": _GROUPED,
    "starcoder2": _GROUPED | {"sliding_window": 3},
}


def config(kind: str) -> Any:
    """The config of a tiny model of `kind`, a `model_type` of transformers."""
    from transformers import CONFIG_MAPPING

    return CONFIG_MAPPING[kind](**(_SIZES | _OWN.get(kind, {})))


def _from_config(given: Any, **options: Any) -> Any:
    from transformers import AutoModel

    make: Any = AutoModel.from_config
    return make(given, **options)


def model(kind: str, attention: str) -> Any:
    """The same weights on every call, whatever the attention implementation."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(7)
        made = _from_config(config(kind), attn_implementation=attention).eval()
        # Fresh weights are so small that attention would be all but even.
        with torch.no_grad():
            for name, weights in made.named_parameters():
                if weights.dim() == 2 or "sinks" in name:
                    weights.copy_(torch.randn_like(weights) * 0.3)
    return made.float()


def usual(kind: str) -> str:
    """The implementation that transformers takes where it is not told: sdpa, or eager."""
    with torch.device("meta"):
        chosen: str = _from_config(config(kind)).config._attn_implementation
    return chosen
