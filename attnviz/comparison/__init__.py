"""Two measurements side by side: which heads, roles and statistics differ, and how surely.

What comes in are sums by unit and judgements; no model, no text and no files.
"""
