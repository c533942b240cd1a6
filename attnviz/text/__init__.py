"""Files become sentences, and sentences become tokens that can be shown.

Only paths, text and a tokenizer come in; no other room is imported.
"""
