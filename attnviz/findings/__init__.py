"""From estimates to what is worth saying: the data of a report, before any format.

Reads evidence and what observers left, and fills the types of `attnviz.report`; neither torch nor
any input or output.
"""
