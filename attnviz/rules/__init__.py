"""What `attnviz check` adds: rules of where attention must go, and the verdicts on them.

Rule files come in as text, what is tested as reports and as weights of single sentences; verdicts
go out, and the formats that print them.
"""
