"""The views: one file each, found by the registry, which turns a `Drawing` into a picture."""
