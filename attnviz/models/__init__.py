"""A name becomes a model and its tokenizer; the tap shows each layer's queries and keys.

The only room that knows transformers. In comes a model name; out comes `LayerAttention`.
"""
