"""One file per head role. A role turns a sentence's tokens into a target, or a row into mass.

To add a role, add a file that defines `ROLE`; scores, chance levels, baselines, intervals,
verdicts, figures and documentation follow from it.
"""
