"""The report's formats: each file that defines `FORMAT` is one. A report comes in, bytes go out."""
