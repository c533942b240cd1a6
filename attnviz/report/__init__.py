"""One `Report` dataclass becomes HTML, Markdown and JSON: data in, bytes out.

Its types are here, `attnviz.findings` fills them, and nothing here computes or writes a file.

A format is one file in `formats` that defines `FORMAT`.
"""
