"""Faults: killed processes, named failpoints, rebuilding. Needs the command, not only the library."""
