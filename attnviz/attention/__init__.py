"""One layer's attention and how it is measured: targets, row functionals, column sums.

Tensors come in from the tap; numbers per sentence, head and query go out.
"""
