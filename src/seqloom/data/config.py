"""Settings of the data room: which files, which columns, what to leave out."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import Field, field_validator, model_validator

from seqloom.config import Named, Section
from seqloom.errors import suggestion

DELIMITERS = {"tab": "\t", "\\t": "\t", "comma": ",", "semicolon": ";", "bar": "|", "pipe": "|"}
"""Names for characters that are hard to write on a command line."""
PLAIN = {"format": "auto", "pattern": "", "encoding": "utf-8"}
"""Settings under which files without a telling suffix are plain lines of UTF-8."""


def formats() -> tuple[str, ...]:
    """The names that `data.format` may have, those of plugins' readers included."""
    from seqloom.data.readers import READERS  # noqa: PLC0415 - readers know their settings

    return ("auto", *READERS)


class DataConfig(Section):
    """Where the pairs are and how they are read."""

    train: tuple[str, ...] = ()
    """Training files; two parallel text files are one entry, `"train.en,train.de"`; an entry may be a pattern such as
    `"shards/*.jsonl.gz"`, which stands for all files that match it, in the order of their names."""
    weights: tuple[float, ...] = ()
    """How much of an epoch each entry of `train` gives, one number each, of which only the proportions count; where
    empty, every pair comes once an epoch. An epoch has as many pairs in either case."""
    temperature: float = Field(default=1.0, gt=0.0, allow_inf_nan=False)
    """Instead of `weights`: an entry of n pairs is drawn in proportion to n^(1/temperature); 1 is every pair once an
    epoch, 5 is usual for languages of unlike size, and the larger, the more evenly the entries are drawn."""
    dev: tuple[str, ...] = ()
    """Files for model selection; where empty, a seeded part of the training sources is set aside."""
    test: tuple[str, ...] = ()
    """Files for the final figures."""
    format: Annotated[str, Named("READERS", formats)] = "auto"
    """Format of the files; `auto` goes by the suffix, and every format may be gzipped (`.gz`)."""
    pattern: str = ""
    """For lines that are no table: a regular expression with the groups `source`, `target` and, if need be, `tags`."""
    source: str = ""
    """Source column: a name or a number from 1; by default column 1, or the name `source`."""
    target: str = ""
    """Target column: a name or a number from 1; by default column 2, or the name `target`."""
    references: tuple[str, ...] = ()
    """Columns with further targets that count as right in evaluation."""
    tags: str = ""
    """Column with source-side tags, such as a language or morphological features."""
    tag_separator: str = Field(default=";", min_length=1)
    """What parts one tag from the next."""
    delimiter: str = ""
    """What parts the cells of TSV and CSV: a character, or `tab`; where empty, it is found: a tab or a comma as a rule,
    else what parts nearly every line into as many cells as the others; saved with the model."""
    header: Literal["auto", "yes", "no"] = "auto"
    """Whether the first line of TSV and CSV names the columns. `auto` takes it so when a column is configured by name,
    when the cells are usual names such as `source` and `target`, or when they have nothing in common with those below;
    it is said."""
    header_names: tuple[str, ...] = ()
    """Names of the columns, as a rule those that training found; a first line of such names is a header in other files,
    too."""
    encoding: str = "utf-8"
    """Encoding of text files, such as utf-8, utf-16, cp1252 or gb18030."""
    numbers: Literal["error", "text"] = "error"
    """Numbers of JSON, Parquet and Arrow files where text is expected, such as labels: refused, or written out as text;
    in either case it is said."""
    on_bad_line: Literal["error", "skip"] = "error"
    """What to do with a line that cannot be read; skipped lines are counted and listed."""
    min_length: int = Field(default=1, ge=0)
    """Training pairs with a side of fewer tokens are left out."""
    max_source_length: int = Field(default=1000, ge=0)
    """Training pairs with more source tokens are left out; 0 is no limit."""
    max_target_length: int = Field(default=1000, ge=0)
    """Training pairs with more target tokens are left out; 0 is no limit."""
    max_length_ratio: float = Field(default=0.0, ge=0.0)
    """Training pairs with one side so many times as long as the other are left out; 0 is no limit."""
    drop_duplicates: bool = False
    """Whether a training pair that was there before is left out."""
    reverse_source: bool = False
    """Whether the source is read from its end (Sutskever et al. 2014, §3.3)."""
    group_by_source: bool = False
    """Whether, in evaluation, several lines with one source are one example with several references."""
    dev_count: int = Field(default=1000, ge=0)
    """Sources to set aside when `dev` is empty; 0 is none."""
    dev_fraction: float = Field(default=0.1, ge=0.0, lt=1.0)
    """Largest share of the sources to set aside when `dev` is empty."""
    seed: int = Field(default=1, ge=0, lt=2**63)
    """Seed of the set-aside part."""
    cache: str = ""
    """Folder of the memory-mapped cache; by default `seqloom` in the user's cache folder."""
    cache_above_mb: float = Field(default=64.0, ge=0.0)
    """Files larger than this, taken together, go through the cache; smaller ones stay in memory."""

    def of_inputs(self, given: Mapping[str, Any]) -> DataConfig:
        """How inputs to predict from are read: as training files are, but for format, pattern and encoding, which
        do not apply to other files unless they are `given` anew."""
        kept = {name: getattr(self, name) if name in given else value for name, value in PLAIN.items()}
        return self.model_copy(update=kept)

    @property
    def mixes(self) -> bool:
        """Whether the entries of `train` are drawn in other proportions than their sizes'."""
        return bool(self.weights) or self.temperature != 1.0

    @field_validator("format")
    @classmethod
    def _known_format(cls, name: str) -> str:
        from seqloom.data.readers import READERS  # noqa: PLC0415

        if name != "auto" and name not in READERS:
            raise ValueError(f"{name!r} is not a known format; {suggestion(name, formats())}")
        return name

    @field_validator("delimiter")
    @classmethod
    def _parts_cells(cls, delimiter: str) -> str:
        delimiter = DELIMITERS.get(delimiter.lower(), delimiter)
        if set(delimiter) & set('\r\n"') or len(delimiter) > 8:
            raise ValueError(f"must be a character or a few, no quotation mark and no line break, not {delimiter!r}")
        return delimiter

    @field_validator("header", mode="before")
    @classmethod
    def _yes_or_no(cls, value: object) -> object:
        return {True: "yes", False: "no"}[value] if isinstance(value, bool) else value

    @field_validator("encoding")
    @classmethod
    def _known_encoding(cls, name: str) -> str:
        try:
            "a".encode(name)
        except (LookupError, ValueError):
            raise ValueError(f"must be the name of a text encoding such as utf-8 or cp1252, not {name!r}") from None
        return name

    @model_validator(mode="after")
    def _weights_fit(self) -> DataConfig:
        if self.weights and self.temperature != 1.0:
            raise ValueError("weights and temperature both mix the training files: choose one")
        if self.weights and self.train and len(self.weights) != len(self.train):
            raise ValueError(
                f"weights must have one number for each entry of train, not {len(self.weights)} for {len(self.train)}"
            )
        if any(not 0 < weight < math.inf for weight in self.weights):
            raise ValueError("weights must be above 0 and finite; leave out files that are not to be drawn from")
        return self

    @model_validator(mode="after")
    def _pattern_names_both_sides(self) -> DataConfig:
        if self.format == "pattern" or self.pattern:
            try:
                groups = set(re.compile(self.pattern).groupindex)
            except re.error as error:
                raise ValueError(f"pattern must be a regular expression: {error}") from None
            if not {"source", "target"} <= groups:
                raise ValueError("pattern must have the groups (?P<source>...) and (?P<target>...)")
        return self
