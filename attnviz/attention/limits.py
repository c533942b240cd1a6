"""How many weights, rows, sentences and heads are looked at where not all are."""

TOP = 3
"""So many of a row's largest weights are added up for `LayerAttention.top`."""

SORTED = 32
"""At most so many rows of a sentence are sorted for the Gini coefficient: sorting them all would
cost more than everything else together."""

COMPARED = 24
"""So many sentences, at least, are compared to see which heads are alike, on a row each if the work
allows no more."""
