"""One file per baseline: what a role's score must beat, for it would be there without the role.

To add one, add a file that defines `BASELINE` and name it among the `baselines` of a role. One
that has to watch a run first has a file in `attnviz.observers` as well, which defines `WATCH`.
"""
