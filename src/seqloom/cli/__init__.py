"""The command line: one short module for each command. Only these modules print or exit.

Results go to standard output and everything else to standard error. A command imports what it needs inside its
function, so that `seqloom --help` is instant.
"""
