"""One tiny model of each architecture, made from its config with random weights."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from types import SimpleNamespace
from typing import Any

import torch
from torch import Tensor

from attnviz.models import probe, tap
from attnviz.models.architectures import FALLBACK
from attnviz.models.load import LoadedModel
from attnviz.models.streams import numbers, streams
from attnviz.text.types import Tokens
from tests.helpers.planted import sentence

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
_LINEAR = ["linear_attention", "full_attention", "linear_attention"]
_EXPERTS = {"num_experts_per_tok": 2, "moe_intermediate_size": 24}
_ROUTED = _EXPERTS | {"n_routed_experts": 4, "n_group": 1, "topk_group": 1, "n_shared_experts": 1}
_LATENT = {"q_lora_rank": 16, "kv_lora_rank": 8, "qk_nope_head_dim": 8, "qk_rope_head_dim": 4}
_MAMBA = {"mamba_n_heads": 4, "mamba_d_head": 16, "mamba_d_state": 4, "mamba_n_groups": 1}
_DELTA = {"linear_num_key_heads": 2, "linear_num_value_heads": 4}
_DELTA |= {"linear_key_head_dim": 8, "linear_value_head_dim": 8}
_GPT = {"n_embd": 32, "n_inner": 48, "n_layer": 3, "n_head": 4, "n_positions": 64}
_BLOOM = {"hidden_size": 32, "n_layer": 3, "n_head": 4}
_XLM = {"emb_dim": 32, "n_layers": 3, "n_heads": 4, "n_langs": 1, "eos_index": 1, "pad_index": 0}
_XLM |= {"bos_token_id": 4}
_T5: dict[str, Any] = {"d_model": 32, "d_kv": 8, "d_ff": 48, "num_layers": 3, "num_heads": 4}
_T5 |= {"num_decoder_layers": 2, "eos_token_id": 1, "relative_attention_num_buckets": 8}
_T5 |= {"relative_attention_max_distance": 6, "decoder_start_token_id": 0}
_BART: dict[str, Any] = {"d_model": 32, "encoder_layers": 3, "decoder_layers": 2}
_BART |= {"encoder_attention_heads": 4, "decoder_attention_heads": 4, "encoder_ffn_dim": 48}
_BART |= {"decoder_ffn_dim": 48, "decoder_start_token_id": 2}

# What each architecture needs beyond the sizes: its own names for them, and everything that
# shapes the scores (windows, sinks, soft caps, grouped keys) made small enough to matter.
_OWN: dict[str, dict[str, Any]] = {
    "albert": {"embedding_size": 16, "num_hidden_layers": 4, "num_hidden_groups": 2},
    "apertus": _GROUPED,
    "arcee": _GROUPED,
    "bamba": _GROUPED | _MAMBA | {"attn_layer_indices": [1], "mamba_expand": 2},
    "bart": _BART,
    "big_bird": {"attention_type": "original_full"},
    "bigbird_pegasus": _BART | {"attention_type": "original_full"},
    "bitnet": _GROUPED,
    "blenderbot": _BART,
    "blenderbot-small": _BART,
    "bloom": _BLOOM,
    "codegen": _GPT | {"rotary_dim": 4},
    "cohere": _GROUPED,
    "cohere2": _GROUPED | {"sliding_window": 3, "layer_types": _ALTERNATING},
    "convbert": {"embedding_size": 16},
    "ctrl": {"n_embd": 32, "dff": 48, "n_layer": 3, "n_head": 4, "n_positions": 64},
    "cwm": _GROUPED | {"sliding_window": 3, "layer_types": _ALTERNATING},
    "deberta": {"relative_attention": True, "pos_att_type": ["c2p", "p2c"]},
    "deberta-v2": {"relative_attention": True, "pos_att_type": ["c2p", "p2c"]}
    | {"position_buckets": 4, "share_att_key": True},
    "deepseek_v2": _LATENT | _ROUTED | {"v_head_dim": 8, "first_k_dense_replace": 1},
    "deepseek_v3": _LATENT | _ROUTED | {"v_head_dim": 8, "num_key_value_heads": 4},
    "distilbert": {"dim": 32, "hidden_dim": 48, "n_layers": 3, "n_heads": 4},
    "dots1": _GROUPED | _ROUTED | {"sliding_window": 3, "layer_types": _ALTERNATING},
    "electra": {"embedding_size": 16},
    "ernie4_5": _GROUPED,
    "esm": {"position_embedding_type": "rotary", "mask_token_id": 3},
    "exaone4": _GROUPED | {"sliding_window": 3, "layer_types": _ALTERNATING},
    "falcon": {"num_hidden_layers": 3, "multi_query": False, "new_decoder_architecture": True}
    | {"num_kv_heads": 2},
    "falcon_h1": _GROUPED | _MAMBA | {"mamba_d_ssm": 64, "head_dim": 8},
    "flaubert": _XLM,
    "funnel": {"d_model": 32, "n_head": 4, "d_head": 8, "d_inner": 48, "block_sizes": [2, 1, 1]}
    | {"num_decoder_layers": 1, "architectures": ["FunnelModel"]},
    "gemma": _GROUPED | {"head_dim": 8},
    "gemma2": _GROUPED
    | {"head_dim": 8, "sliding_window": 3, "attn_logit_softcapping": 0.5, "num_hidden_layers": 4},
    "gemma3_text": _GROUPED
    | {
        "head_dim": 8,
        "sliding_window": 3,
        "layer_types": _ALTERNATING,
    },
    "gemma4_text": {"vocab_size_per_layer_input": 61, "hidden_size_per_layer_input": 8}
    | {"layer_types": ["sliding_attention", "sliding_attention", "full_attention"]}
    | {"head_dim": 8, "global_head_dim": 16}
    | {"sliding_window": 3},
    "glm": _GROUPED | {"head_dim": 8},
    "glm4": _GROUPED | {"head_dim": 8},
    "glm4_moe": _GROUPED | _ROUTED | {"head_dim": 8},
    "gpt2": _GPT,
    "gpt_bigcode": _GPT,
    "gpt_neo": {"num_layers": 3, "num_heads": 4, "window_size": 3}
    | {"attention_types": [[["global", "local", "global"], 1]]},
    "gpt_neox_japanese": {"intermediate_multiple_size": 2},
    "gpt_oss": _GROUPED
    | {
        "head_dim": 8,
        "sliding_window": 3,
        "num_local_experts": 4,
        "num_experts_per_tok": 2,
        "layer_types": _ALTERNATING,
    },
    "gptj": _GPT | {"rotary_dim": 4},
    "granite": _GROUPED | {"attention_multiplier": 0.3},
    "granitemoe": _GROUPED | {"num_local_experts": 4, "num_experts_per_tok": 2},
    "granitemoehybrid": _GROUPED
    | _MAMBA
    | {"layer_types": ["mamba", "attention", "mamba"], "mamba_expand": 2}
    | {"num_local_experts": 4, "num_experts_per_tok": 2},
    "helium": _GROUPED | {"head_dim": 8},
    "hunyuan_v1_dense": _GROUPED | {"head_dim": 8},
    "hunyuan_v1_moe": _GROUPED | {"head_dim": 8, "num_experts": 4, "moe_topk": 2},
    # Hybrids: of their three layers only the second has attention.
    "jamba": _GROUPED
    | {"attn_layer_period": 3, "attn_layer_offset": 1, "num_experts": 2, "mamba_d_state": 4}
    | {"use_mamba_kernels": False},
    "led": _BART
    | {"attention_window": 4, "max_encoder_position_embeddings": 64}
    | {"max_decoder_position_embeddings": 64},
    "lfm2": _GROUPED | {"layer_types": ["conv", "full_attention", "conv"]},
    "lfm2_moe": _GROUPED
    | _EXPERTS
    | {"layer_types": ["conv", "full_attention", "conv"], "num_experts": 4, "num_dense_layers": 1},
    "llama": _GROUPED,
    "longcat_flash": {"n_routed_experts": 4, "moe_topk": 2, "expert_ffn_hidden_size": 24}
    | {"zero_expert_num": 1, "ffn_hidden_size": 48},
    "longformer": {"attention_window": 4, "max_position_embeddings": 66},
    "longt5": _T5 | {"local_radius": 2, "encoder_attention_type": "local"},
    "luke": {"entity_vocab_size": 7, "entity_emb_size": 8},
    "m2m_100": _BART,
    "marian": _BART,
    "mbart": _BART,
    "minimax": _GROUPED
    | {"head_dim": 8, "block_size": 4, "num_local_experts": 4, "layer_types": _LINEAR},
    "minimax_m2": _GROUPED
    | {"head_dim": 8, "rotary_dim": 4, "num_local_experts": 4}
    | {"num_experts_per_tok": 2},
    "ministral": _GROUPED | {"head_dim": 8, "sliding_window": 3},
    "ministral3": _GROUPED | {"head_dim": 8},
    "mistral": _GROUPED | {"sliding_window": 3},
    "mixtral": _GROUPED | {"sliding_window": 3, "num_local_experts": 4, "num_experts_per_tok": 2},
    "mobilebert": {"normalization_type": "layer_norm"},
    "modernbert": {
        "local_attention": 4,
        "global_attn_every_n_layers": 2,
        "cls_token_id": 1,
        "sep_token_id": 2,
    },
    "modernbert-decoder": {"local_attention": 4, "global_attn_every_n_layers": 2}
    | {"cls_token_id": 1, "sep_token_id": 2},
    "mpt": {"d_model": 32, "n_heads": 4, "n_layers": 3, "max_seq_len": 64},
    "mt5": _T5,
    "mvp": _BART,
    "nemotron": _GROUPED | {"head_dim": 8},
    "nemotron_h": _GROUPED
    | {"layers_block_type": ["mamba", "attention", "moe"], "use_mamba_kernels": False}
    | {"mamba_num_heads": 4, "mamba_head_dim": 16, "n_groups": 1, "ssm_state_size": 4},
    "nllb-moe": _BART | {"num_experts": 2, "encoder_sparse_step": 2, "decoder_sparse_step": 2},
    "olmo": _GROUPED,
    "olmo2": _GROUPED,
    "olmo3": _GROUPED | {"sliding_window": 3, "layer_types": _ALTERNATING},
    "olmo_hybrid": _GROUPED | _DELTA | {"layer_types": _LINEAR},
    "olmoe": _GROUPED | {"num_experts": 4, "num_experts_per_tok": 2},
    "openai-gpt": _GPT,
    "opt": {"ffn_dim": 48, "word_embed_proj_dim": 32},
    "pegasus": _BART,
    "phi3": _GROUPED | {"sliding_window": 3},
    "phimoe": _GROUPED | {"sliding_window": 3, "num_local_experts": 4},
    "plbart": _BART,
    "prophetnet": {"num_encoder_layers": 3, "num_decoder_layers": 2, "encoder_ffn_dim": 48}
    | {"num_encoder_attention_heads": 4, "num_decoder_attention_heads": 4, "decoder_ffn_dim": 48}
    | {"decoder_start_token_id": 0},
    "qwen2": _GROUPED | {"use_sliding_window": True, "sliding_window": 3, "max_window_layers": 1},
    "qwen2_moe": _GROUPED
    | _EXPERTS
    | {"num_experts": 4, "shared_expert_intermediate_size": 24}
    | {"use_sliding_window": True, "sliding_window": 3, "max_window_layers": 1},
    "qwen3": _GROUPED
    | {"head_dim": 8, "use_sliding_window": True, "sliding_window": 3, "max_window_layers": 1},
    "qwen3_5_text": _GROUPED | _DELTA | {"head_dim": 8, "layer_types": _LINEAR},
    "qwen3_moe": _GROUPED
    | _EXPERTS
    | {"head_dim": 8, "num_experts": 4, "use_sliding_window": True, "sliding_window": 3},
    "qwen3_next": _GROUPED
    | _DELTA
    | _EXPERTS
    | {"head_dim": 8, "layer_types": _LINEAR, "num_experts": 4}
    | {"shared_expert_intermediate_size": 24},
    "recurrent_gemma": {"block_types": ["recurrent", "attention", "recurrent"], "lru_width": 32}
    | {"num_key_value_heads": 1, "attention_window_size": 3},
    "rembert": {"input_embedding_size": 16, "output_embedding_size": 16},
    "seed_oss": _GROUPED | {"head_dim": 8},
    "smollm3": _GROUPED
    | {"no_rope_layers": [1, 0, 1], "use_sliding_window": True, "sliding_window": 3}
    | {"layer_types": _ALTERNATING},
    "stablelm": _GROUPED,
    "starcoder2": _GROUPED | {"sliding_window": 3},
    "switch_transformers": _T5
    | {"num_experts": 2, "num_sparse_encoder_layers": 1}
    | {"num_sparse_decoder_layers": 1},
    "t5": _T5,
    "umt5": _T5,
    "xglm": {"d_model": 32, "num_layers": 3, "attention_heads": 4, "ffn_dim": 48},
    "xlm": _XLM,
    "xlnet": {"d_model": 32, "n_layer": 3, "n_head": 4, "d_inner": 48},
    "xmod": {"languages": ["de_DE", "en_XX"], "default_language": "en_XX"},
    "zamba2": _GROUPED
    | {"layers_block_type": ["mamba", "hybrid", "mamba"], "mamba_d_state": 4, "n_mamba_heads": 4}
    | {"mamba_headdim": 16, "mamba_ngroups": 1, "num_mem_blocks": 1, "use_mamba_kernels": False},
}
# ... and the sizes that some won't have.
_WITHOUT = {
    "funnel": ("num_hidden_layers",),
    "prophetnet": ("num_hidden_layers",),
    "xlnet": ("max_position_embeddings",),
}
_THREE_DIMENSIONAL = re.compile(r"sinks|seg_embed|r_kernel|\.[qkvor]$")


def config(kind: str) -> Any:
    """The config of a tiny model of `kind`, a `model_type` of transformers."""
    from transformers import CONFIG_MAPPING

    sizes = {name: size for name, size in _SIZES.items() if name not in _WITHOUT.get(kind, ())}
    return CONFIG_MAPPING[kind](**(sizes | _OWN.get(kind, {})))


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
                if weights.dim() == 2 or _THREE_DIMENSIONAL.search(name):
                    weights.copy_(torch.randn_like(weights) * 0.3)
    return made.float()


def usual(kind: str) -> str:
    """The implementation that transformers takes where it is not told: sdpa, or eager."""
    with torch.device("meta"):
        chosen: str = _from_config(config(kind)).config._attn_implementation
    return chosen


def bare(model: Any, name: str, **known: Any) -> LoadedModel:
    """A model that was made here, with what is known of it, and a tokenizer that only pads."""
    values: dict[str, Any] = {
        "tokenizer": SimpleNamespace(pad_token_id=0),
        "name": name,
        "revision": "",
        "architecture": type(model).__name__,
        "heads": 0,
        "key_value_heads": 0,
        "parameters": 0,
        "dtype": "float32",
        "limit": None,
        "device": torch.device("cpu"),
    }
    return LoadedModel(model=model, **values | known)


def loaded(kind: str) -> LoadedModel:
    """A tiny model as `load` returns it, on the path that its kind takes."""
    by_hooks = kind in FALLBACK
    made = model(kind, "eager" if by_hooks else tap.install())
    stream_of = streams(made)
    tokenizer: Any = lambda _: {"input_ids": [5]}  # noqa: E731 - all that is asked of it
    inputs = probe.inputs(tokenizer, torch.device("cpu"), encoder_decoder=bool(stream_of))
    seen = (probe.by_hooks if by_hooks else probe.by_tap)(made, stream_of, inputs)
    return bare(
        made,
        kind,
        path="fallback" if by_hooks else "interface",
        encoder_decoder=bool(stream_of),
        causal=seen.causal,
        streams=seen.streams,
        stream_of=stream_of,
        layer_of=numbers(made),
        attentions=seen.attentions,
        sites=seen.sites,
    )


def tokens(ids: Tensor, lengths: tuple[int, ...]) -> list[Tokens]:
    """Sentences with the first ids of each row."""
    return [
        replace(sentence(" ".join("abcdefghij"[:length])), ids=tuple(row[:length].tolist()))
        for row, length in zip(ids, lengths, strict=True)
    ]


@dataclass
class Outputs:
    """A loaded model that keeps what it is asked and what it answers, in one batch."""

    of: LoadedModel
    asked: dict[str, Any] = field(default_factory=dict)
    found: Any = None

    @property
    def loaded(self) -> LoadedModel:
        """The same model, overheard."""

        def forward(**inputs: Any) -> None:
            assert not self.asked, "the sentences were to be one batch"
            self.asked = {name: one for name, one in inputs.items() if name != "output_attentions"}
            self.found = self.of.model(**inputs)

        overheard: Any = forward
        overheard.config = self.of.model.config
        return replace(self.of, model=overheard)
