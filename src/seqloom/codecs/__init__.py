"""Codecs convert sources and targets, texts and labels, to ids and back. This package does not need torch.

A codec is a file of this room, and a line in the tables of `codecs.pair` names it for each side on which it can stand.
"""

from __future__ import annotations

from seqloom.codecs.base import OF_PARTS, OF_WORDS, AnswerKind, Codec
from seqloom.codecs.files import CodecFiles
from seqloom.codecs.frames import FrameCodec
from seqloom.codecs.labels import LabelCodec, Labels, LabelsCodec
from seqloom.codecs.pair import SOURCE_CODECS, TARGET_CODECS, Codecs
from seqloom.codecs.symbols import SymbolsCodec
from seqloom.codecs.tags import TagsCodec
from seqloom.codecs.text import TextCodec
from seqloom.codecs.transduction import TransductionCodec
from seqloom.codecs.words import WordsCodec

__all__ = [
    "OF_PARTS",
    "OF_WORDS",
    "SOURCE_CODECS",
    "TARGET_CODECS",
    "AnswerKind",
    "Codec",
    "CodecFiles",
    "Codecs",
    "FrameCodec",
    "LabelCodec",
    "Labels",
    "LabelsCodec",
    "SymbolsCodec",
    "TagsCodec",
    "TextCodec",
    "TransductionCodec",
    "WordsCodec",
]
