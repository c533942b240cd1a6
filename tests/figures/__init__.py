"""Tests of the figures room: small views with planted weights."""
