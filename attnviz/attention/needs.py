"""What of a layer has to be asked for."""

from typing import Literal

Need = Literal["value", "mixed", "by_offset", "head_mean"]
"""By its name there.

Its values; the values as it mixes them, even where the model itself needs them no more; mass by
offset; and the mean over heads.
"""
