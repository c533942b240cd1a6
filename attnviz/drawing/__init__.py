"""`attnviz draw` and `attnviz.weights`: attention that was asked for, as numbers and as pictures.

Comes in: one sentence's weights. Goes out: tables, matrices and pictures, as bytes.
"""
