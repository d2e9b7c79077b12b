"""Small data sets that are made by rules, to try Seqloom with: `seqloom example g2p`, `seqloom.examples.write`.

They prove nothing about real data: their rules have no exceptions, and their words are few.
"""

from __future__ import annotations

from seqloom.examples.files import EXAMPLES, WARNING, commands, example, parts, write

__all__ = ["EXAMPLES", "WARNING", "commands", "example", "parts", "write"]
