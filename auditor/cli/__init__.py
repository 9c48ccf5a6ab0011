"""The command line: parse, wire, show progress, write, exit."""
