"""One `Report` dataclass becomes HTML, Markdown and JSON: data in, bytes out.

A format is one file in `formats` that defines `FORMAT`.
"""
