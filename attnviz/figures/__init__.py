"""Arrays become pictures. Views come in, PNG and SVG bytes go out.

No I/O, no torch, no model: a worker process imports this room in under a second.
"""
