"""The commands, one short file each. Only they print or exit: data to standard output, the rest to standard error.

A command imports what it works with inside its function, so that `seqloom --help` is instant.
"""
