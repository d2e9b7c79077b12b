"""Settings for data: which files are read, how they are read, and which pairs are left out."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import Field, field_validator, model_validator

from seqloom.config import Named, Section
from seqloom.errors import suggestion

DELIMITERS = {"tab": "\t", "\\t": "\t", "comma": ",", "semicolon": ";", "bar": "|", "pipe": "|"}
"""Names for delimiters that are hard to type on a command line."""
PLAIN = {"format": "auto", "pattern": "", "encoding": "utf-8"}
"""The values of these settings when inputs are read that are plain lines of UTF-8."""


def formats() -> tuple[str, ...]:
    """The names that `data.format` may have, those of plugins' readers included."""
    from seqloom.data.readers import READERS  # noqa: PLC0415 - readers know their settings

    return ("auto", *READERS)


class DataConfig(Section):
    """Where the pairs are and how they are read."""

    train: tuple[str, ...] = ()
    """Training files. Two parallel text files are one entry, `"train.en,train.de"`. An entry may be a pattern such as
    `"shards/*.jsonl.gz"`, which stands for all matching files, in the order of their names."""
    weights: tuple[float, ...] = ()
    """One number for each entry of `train`, in whose proportions the entries make up an epoch; if empty, every pair
    comes once in an epoch. An epoch has the same number of pairs in either case."""
    temperature: float = Field(default=1.0, gt=0.0, allow_inf_nan=False)
    """Instead of `weights`: an entry with n pairs is drawn in proportion to n^(1/temperature). With 1 every pair comes
    once in an epoch; larger values draw the entries more evenly, and 5 is usual for languages of different sizes."""
    mix_by: Literal["entry", "tag"] = "entry"
    """What `temperature` mixes: the entries of `train`, or `tag`: all pairs with the same first tag (such as a
    language), in whichever files they are."""
    dev: tuple[str, ...] = ()
    """Development files, by which the best model is selected; if empty, a part of the training pairs is set aside."""
    test: tuple[str, ...] = ()
    """Test files, for the final figures."""
    format: Annotated[str, Named("READERS", formats)] = "auto"
    """Format of the files; `auto` goes by the suffix. Files of every format may be compressed by gzip (`.gz`)."""
    pattern: str = ""
    """For lines without columns: a regular expression with the groups `source`, `target` and optionally `tags`."""
    source: str = ""
    """Source column, by name or by number from 1. If empty, a column with a usual name such as `source` or `text` is
    taken, or else column 1; it is said which."""
    target: str = ""
    """Target column, by name or by number from 1. If empty, a column with a usual name such as `target` or `label` is
    taken, or else column 2; it is said which."""
    label: str = ""
    """Column with a label for the whole source beside a target that has a tag for each word, such as the intent of a
    request beside its slots; of parallel files the number of the file, from 1. Together they are one target,
    `label: tags`, and a model of frames is trained (model.answer)."""
    references: tuple[str, ...] = ()
    """Columns with further targets that count as correct in evaluation."""
    tags: str = ""
    """Column with source-side tags, such as a language or morphological features."""
    untagged: Literal["error", "accept"] = "error"
    """Whether files without the column of tags are an error, or are accepted as pairs and inputs without tags, which is
    reported; for mixing pairs that a model has made and marked with a tag with others."""
    tag_separator: str = Field(default=";", min_length=1)
    """Separator between the tags in a cell."""
    tag_from_name: str = ""
    """Regular expression with the group `tag`, which finds a tag in the name of each file, such as the language in
    `"(?P<tag>[a-z]+)_(train|dev|test)"`. With a slash, such as `"(?P<tag>[a-z]+)/"`, it is searched for in the whole
    path; the last match counts. This tag stands before those of a column, and every input of the model then needs
    one."""
    fixed_tags: tuple[str, ...] = ()
    """Tags for all examples and inputs, as `--tag` gives them: in place of the tag in the name of a file or, where
    `tag_from_name` is empty, in place of those in the column `tags`."""
    delimiter: str = ""
    """Delimiter of the cells in TSV and CSV: a character, or `tab`. If empty, it is found: usually a tab or a comma, or
    else the character that splits nearly all lines into the same number of cells. It is saved with the model."""
    header: Literal["auto", "yes", "no"] = "auto"
    """Whether the first line of TSV and CSV is a header. `auto` assumes so if a column is configured by name, if the
    cells are usual names such as `source` and `target`, or if they have nothing in common with the cells below them;
    the choice is reported."""
    header_names: tuple[str, ...] = ()
    """Names of the columns, usually those found in the training files; a first line with these names is a header in
    other files as well."""
    encoding: str = "utf-8"
    """Encoding of text files, such as utf-8, utf-16, cp1252 or gb18030."""
    numbers: Literal["error", "text"] = "error"
    """What to do with numbers in JSON, Parquet and Arrow files where text is expected, such as labels: `error` refuses
    them, `text` converts them to text and reports it."""
    on_bad_line: Literal["error", "skip"] = "error"
    """Whether a line that cannot be read is an error or is skipped; skipped lines are counted and listed."""
    min_length: int = Field(default=1, ge=0)
    """Training pairs with fewer tokens than this on either side are left out."""
    max_source_length: int = Field(default=1000, ge=0)
    """Training pairs with more source tokens than this are left out; 0 means no limit."""
    max_target_length: int = Field(default=1000, ge=0)
    """Training pairs with more target tokens than this are left out; 0 means no limit."""
    max_length_ratio: float = Field(default=0.0, ge=0.0)
    """Training pairs with one side more than this many times as long as the other are left out; 0 means no limit."""
    drop_duplicates: bool = False
    """Whether repeated training pairs are left out."""
    reverse_source: bool = False
    """Whether source sequences are reversed (Sutskever et al. 2014, §3.3)."""
    reverse_target: bool = False
    """Whether the model learns and writes target sequences from their end to their beginning, as a right-to-left model
    (Liu et al. 2016; Sennrich et al. 2016); answers come in their normal order. It is fixed when a model is
    trained."""
    group_by_source: bool = False
    """Whether, in evaluation, all lines with the same source are one example with several references."""
    dev_count: int = Field(default=1000, ge=0)
    """Number of sources to set aside for development if `dev` is empty; 0 sets none aside."""
    dev_fraction: float = Field(default=0.1, ge=0.0, lt=1.0)
    """Largest share of the sources to set aside for development if `dev` is empty."""
    seed: int = Field(default=1, ge=0, lt=2**63)
    """Seed for choosing the development part."""
    cache: str = ""
    """Folder for the memory-mapped cache; if empty, `seqloom` in the user's cache folder."""
    cache_above_mb: float = Field(default=64.0, ge=0.0)
    """Total size of the files, in MB, above which they are cached and memory-mapped; smaller corpora stay in memory."""

    def of_inputs(self, given: Mapping[str, Any]) -> DataConfig:
        """The settings for reading inputs to predict from.

        They are those of the training files, except that `format`, `pattern` and `encoding` take their defaults unless
        they are `given` for the inputs.
        """
        kept = {name: getattr(self, name) if name in given else value for name, value in PLAIN.items()}
        return self.model_copy(update=kept)

    @property
    def reversed(self) -> dict[str, bool]:
        """Which sides are read or written from their end, as `Codecs.turned` takes it."""
        return {"reverse_source": self.reverse_source, "reverse_target": self.reverse_target}

    @property
    def tags_needed(self) -> bool:
        """Whether every file must have the column of tags."""
        return bool(self.tags) and self.untagged == "error"

    @property
    def mixes(self) -> bool:
        """Whether the entries of `train` are drawn in other proportions than those of their sizes."""
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

    @field_validator("tag_from_name")
    @classmethod
    def _finds_a_tag(cls, pattern: str) -> str:
        try:
            groups = re.compile(pattern).groupindex
        except re.error as error:
            raise ValueError(f"tag_from_name must be a regular expression: {error}") from None
        if pattern and "tag" not in groups:
            raise ValueError("tag_from_name must have the group (?P<tag>...)")
        return pattern

    @model_validator(mode="after")
    def _mix_fits(self) -> DataConfig:
        if self.mix_by == "tag" and self.temperature == 1.0:
            raise ValueError("mix_by = tag has a meaning only with a temperature other than 1")
        return self

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
