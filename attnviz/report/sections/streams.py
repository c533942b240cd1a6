"""The streams of an encoder-decoder model: what each is called, and what it means."""

TITLES = {"": "", "encoder": "Encoder", "decoder": "Decoder", "cross": "Cross-attention"}
MEANINGS = {
    "": "",
    "encoder": "Each source token looks at the source tokens, on both sides.",
    "decoder": "Each target token looks at itself and the target tokens before it.",
    "cross": "Each target token looks at the source tokens.",
}
