"""What `attnviz scan` adds: a corpus as a stream, measured shard by shard, to be gone on with.

Paths, settings and a model's name come in; a folder with a measurement comes out.
"""
