"""The commands: one file each, which defines it as `COMMAND`; the work is in other rooms.

Nothing heavy is imported before a command runs, so that `--help` answers at once.
"""
