"""Files become sentences, sentences become tokens that can be shown.

Nothing comes in here but paths, text and a tokenizer; no other room is imported.
"""
