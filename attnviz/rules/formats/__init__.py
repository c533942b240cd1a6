"""What verdicts are printed as: one file a format. Verdicts come in, bytes or lines go out."""
