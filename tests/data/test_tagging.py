"""Tags from the names of files and given by hand: the same for training pairs, for inputs and from Python."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seqloom.codecs import Codecs
from seqloom.data import DataConfig, Example, ReadReport, Source, Tagging, load_corpus, mix_of, read_examples
from seqloom.data.readers import read_sources
from seqloom.data.readers.file_tags import tag_in_name
from seqloom.data.tagging import check_known
from seqloom.errors import ConfigError, DataError

NAME = r"(?P<tag>[a-z]+)_(train|dev|test)"
LANGUAGES = st.text("abcdefgh", min_size=1, max_size=4)


@pytest.fixture
def files(tmp_path: Path) -> Path:
    """Two languages, of 30 and 6 pairs, in a folder whose own name would match."""
    folder = tmp_path / "mine_train"
    folder.mkdir()
    (folder / "rum_train.tsv").write_text("ab\tA B\tx\n" * 30, encoding="utf-8")
    (folder / "vie_train.tsv").write_text("cd\tC D\ty;z\n" * 6, encoding="utf-8")
    (folder / "words.txt").write_text("ab\n\ncd\n", encoding="utf-8")
    return folder


def tags(entry: Path | str, **settings: object) -> list[tuple[str, ...]]:
    config = DataConfig.model_validate({"source": "1", "target": "2", **settings})
    found = [example.tags for example in read_examples([str(entry)], config, ReadReport())]
    return list(dict.fromkeys(found))


def sources(path: Path, **settings: object) -> list[tuple[str, ...]]:
    return [each.tags for each in read_sources(str(path), DataConfig.model_validate(settings))]


@given(folder=LANGUAGES, language=LANGUAGES, part=st.sampled_from(["train", "dev", "test"]))
def test_a_tag_is_in_the_name_of_the_file_or_in_the_path_where_the_pattern_has_a_slash(
    folder: str, language: str, part: str
) -> None:
    assert tag_in_name(f"/{folder}_train/{language}_{part}.tsv.gz", NAME) == language
    assert tag_in_name(f"/{folder}/{part}.tsv", r"(?P<tag>\w+)/(train|dev|test)\.") == folder
    assert tag_in_name(f"/{folder}_train/{language}.tsv", NAME) is None


def test_each_file_of_a_pattern_has_its_own_tag_before_those_of_the_column(files: Path) -> None:
    assert tags(files / "*_train.tsv", tag_from_name=NAME) == [("rum",), ("vie",)]
    assert tags(files / "*_train.tsv", tag_from_name=NAME, tags="3") == [("rum", "x"), ("vie", "y", "z")]
    with pytest.raises(DataError, match=r"words\.txt: the name of the file must hold a tag where .* finds it"):
        tags("words.txt", tag_from_name=NAME)


def test_tags_given_by_hand_replace_the_name_or_else_the_column(files: Path) -> None:
    rum = files / "rum_train.tsv"
    assert tags(rum, tag_from_name=NAME, fixed_tags=["vie"]) == [("vie",)]
    assert tags(rum, tag_from_name=NAME, fixed_tags=["vie"], tags="3") == [("vie", "x")]
    assert tags(rum, fixed_tags=["vie"], tags="9") == [("vie",)]  # the column need not be there
    assert tags(rum, fixed_tags=["vie", "q"]) == [("vie", "q")]
    assert sources(files / "words.txt", fixed_tags=["vie"], tags="3") == [("vie",), (), ("vie",)]


def test_inputs_take_the_tag_of_their_file_where_it_has_one(files: Path) -> None:
    assert set(sources(files / "rum_train.tsv", tag_from_name=NAME)) == {("rum",)}
    assert sources(files / "words.txt", tag_from_name=NAME) == [(), (), ()]
    report = ReadReport()
    list(read_sources(str(files / "vie_train.tsv"), DataConfig(tag_from_name=NAME), report))
    assert "tags from the names of the files (data.tag_from_name): vie 6" in report.sentences()


def test_inputs_from_anywhere_get_the_given_tags_or_are_refused() -> None:
    assert Tagging(("rum",), required=True).tagged(Source("ab"), ["rum"]) == Source("ab", ("rum",))
    assert Tagging(("rum",)).tagged(Source("ab", ("vie",)), ["rum"]) == Source("ab", ("vie",))
    assert Tagging(required=True).tagged(Source(" "), ["rum"]) == Source(" ")
    assert Tagging().tagged(Source("ab"), ["rum"]) == Source("ab")
    with pytest.raises(DataError, match="needs a tag, and 'ab' has none") as caught:
        Tagging(required=True).tagged(Source("ab"), ["rum", "vie"])
    assert "rum, vie" in caught.value.hint
    check_known(["rum"], ["rum", "vie"])
    with pytest.raises(ConfigError, match="not trained on anything with the tag 'run'") as error:
        check_known(["run"], ["rum", "vie"])
    assert "rum" in error.value.hint


@pytest.mark.parametrize("pattern", ["(", "[a-z]+_train", "(?P<tags>[a-z]+)"])
def test_a_pattern_without_the_group_is_refused(pattern: str) -> None:
    with pytest.raises(ValueError, match="tag_from_name must"):
        DataConfig(tag_from_name=pattern)


def test_corpora_of_one_pattern_are_mixed_by_their_tags(files: Path, codecs: Codecs) -> None:
    """As Arivazhagan et al. 2019 mix languages: 30^½ : 6^½ of 36 pairs."""
    entry = (str(files / "*_train.tsv"),)
    settings = {"train": entry, "tag_from_name": NAME, "temperature": 2, "mix_by": "tag", "source": "1", "target": "2"}
    config = DataConfig.model_validate(settings)
    corpus = load_corpus(entry, config, codecs)
    mix = mix_of(corpus, config)
    assert mix is not None
    assert mix.names == ("rum", "vie")
    assert mix.quotas == (25, 11)
    assert re.match(r"an epoch draws 36 pairs: rum 69\.4 % .*, vie 30\.6 %", mix.describe())
    apart = tuple(str(files / f"{name}_train.tsv") for name in ("rum", "vie"))
    by_entry = mix_of(load_corpus(apart, config, codecs), config.replace(train=apart, mix_by="entry"))
    assert by_entry is not None
    assert by_entry.quotas == mix.quotas
    kept = corpus.select(corpus.parts()[0][:30])
    with pytest.raises(DataError, match="all pairs have rum"):
        mix_of(kept, config)


def test_a_mix_by_tag_needs_a_temperature() -> None:
    with pytest.raises(ValueError, match="mix_by = tag has a meaning only with a temperature"):
        DataConfig(mix_by="tag")


def test_the_cache_knows_tags_of_names(files: Path, codecs: Codecs, tmp_path: Path) -> None:
    """The same files read with another pattern are not taken for each other."""
    entry = (str(files / "*_train.tsv"),)
    common = {"source": "1", "target": "2", "cache": str(tmp_path / "cache"), "cache_above_mb": 0}

    def read(**settings: object) -> set[tuple[str, ...]]:
        corpus = load_corpus(entry, DataConfig.model_validate({**common, **settings}), codecs)
        return {example.tags for example in corpus.examples()}

    assert read() == {()}
    assert read(tag_from_name=NAME) == {("rum",), ("vie",)}
    assert read(tag_from_name=r"(?P<tag>[a-z])[a-z]+_train") == {("r",), ("v",)}
    assert read(fixed_tags=["any"]) == {("any",)}
    found = load_corpus(entry, DataConfig.model_validate({**common, "tag_from_name": NAME}), codecs)
    assert found.report.named == {"rum": 30, "vie": 6}
    assert isinstance(found.example(0), Example)
