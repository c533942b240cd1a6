"""What the totals of a measurement are called that observers leave and findings read."""

OFFSETS_OWN, OFFSETS_UNIFORM, OFFSETS_ROWS = "offsets|own", "offsets|uniform", "offsets|rows"

REACH = 16
"""Offsets kept one by one on either side; what lies beyond is summed up."""

TARGET, APART, STRIP = "target", "apart", "strip"
