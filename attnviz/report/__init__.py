"""One `Report` dataclass becomes HTML, Markdown and JSON: data in, bytes out.

A format is one file here that defines `FORMAT`; nothing in this room measures anything.
"""
