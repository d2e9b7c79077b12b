"""Examples: what is written can be read, is the same each time, follows its rules, and shares nothing between parts."""

from __future__ import annotations

import random
import subprocess
import sys
from datetime import date
from pathlib import Path

import pytest

import seqloom
from seqloom.data import DataConfig, ReadReport, read_examples, read_sources
from seqloom.errors import ConfigError, DiskError
from seqloom.examples import EXAMPLES, WARNING, commands, parts, write
from seqloom.examples.dates import DATES
from seqloom.examples.english import printed
from seqloom.examples.german import SLEEPERS, TRANSLATION, VERBS
from seqloom.examples.requests import PHRASES
from seqloom.examples.russian import latin
from seqloom.examples.spanish import phones
from seqloom.examples.tickets import SHARES
from seqloom.examples.turkish import inflected
from seqloom.tag_scheme import breaks, spans_of

NAMES = ("g2p", "labels", "tags", "dates", "translation", "inflection", "spelling", "transliteration")


def test_the_examples_are_these() -> None:
    assert tuple(EXAMPLES) == NAMES


@pytest.mark.parametrize("name", NAMES)
def test_an_example_is_written_as_it_is_read(name: str, tmp_path: Path) -> None:
    folder = write(name, tmp_path / "new" / name)
    made = parts(name)
    tagged = "data.tags=3" in EXAMPLES[name].options
    config = DataConfig(tags="3" if tagged else "")
    for part in ("train", "dev", "test"):
        report = ReadReport("error")
        read = list(read_examples([str(folder / f"{part}.tsv")], config, report))
        rows = [(each.source, each.target, *([";".join(each.tags)] if tagged else [])) for each in read]
        assert rows == made[part]
        assert not [each for each in report.sentences() if "is column 3" not in each]
    inputs = list(read_sources(str(folder / EXAMPLES[name].inputs), config.of_inputs({}), ReadReport("error")))
    assert len(inputs) == len(made["inputs"]) == 20
    assert WARNING in (folder / "README.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", NAMES)
def test_the_same_seed_makes_the_same_pairs(name: str) -> None:
    assert parts(name) == parts(name)
    assert parts(name) != parts(name, seed=2)


@pytest.mark.parametrize("name", NAMES)
def test_parts_have_their_sizes_and_share_no_source(name: str) -> None:
    made, count = parts(name), EXAMPLES[name].count
    assert {part: len(rows) for part, rows in made.items()} == {
        "test": count // 10,
        "dev": count // 10,
        "inputs": 20,
        "train": count,
    }
    keys = {part: {EXAMPLES[name].key(row) for row in rows} for part, rows in made.items()}
    assert len(set().union(*keys.values())) == sum(map(len, keys.values()))
    rows = [row for each in made.values() for row in each]
    assert len({(row[0], *row[2:]) for row in rows}) == len(rows)


def test_files_that_are_there_stay_as_they_are(tmp_path: Path) -> None:
    (tmp_path / "dev.tsv").write_text("mine\n")
    with pytest.raises(DiskError, match=r"dev\.tsv is there already"):
        write("dates", tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["dev.tsv"]
    assert (tmp_path / "dev.tsv").read_text() == "mine\n"
    (tmp_path / "file").touch()
    with pytest.raises(DiskError, match="cannot be written"):
        write("dates", tmp_path / "file")


def test_an_unknown_example_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="did you mean dates"):
        seqloom.examples.write("date", tmp_path)


def test_writing_needs_no_torch(tmp_path: Path) -> None:
    said = f"import sys, seqloom; seqloom.examples.write('g2p', {str(tmp_path)!r}); assert not set(sys.modules) & "
    subprocess.run([sys.executable, "-c", said + "{'torch', 'numpy', 'pyarrow'}"], check=True)


def test_commands_quote_the_folder() -> None:
    assert commands("dates", "my dates")[1].startswith("seqloom train 'my dates/train.tsv'")


@pytest.mark.parametrize(
    ("word", "sounds"),
    [
        ("guitarra", "ɡ i t ˈa r a"),
        ("queso", "k ˈe s o"),
        ("gigante", "x i ɣ ˈa n t e"),
        ("ciudad", "θ j u ð ˈa ð"),
        ("pingüino", "p i n ɡ w ˈi n o"),
        ("año", "ˈa ɲ o"),
        ("rey", "r ˈe j"),
        ("pero", "p ˈe ɾ o"),
        ("honrado", "o n r ˈa ð o"),
        ("hoja", "ˈo x a"),
        ("azúcar", "a θ ˈu k a ɾ"),
        ("llave", "ʎ ˈa β e"),
        ("taxi", "t ˈa k s i"),
        ("día", "d ˈi a"),
        ("fuego", "f w ˈe ɣ o"),
        ("árbol", "ˈa ɾ β o l"),
        ("ayer", "a ʝ ˈe ɾ"),
    ],
)
def test_spanish_letters_follow_the_rules_of_pronunciation(word: str, sounds: str) -> None:
    assert " ".join(phones(word)) == sounds


@pytest.mark.parametrize(
    ("noun", "features", "form"),
    [
        ("kitap", ("SG", "", "ACC"), "kitabı"),
        ("kitap", ("PL", "PSS1S", "ABL"), "kitaplarımdan"),
        ("ev", ("SG", "PSS3S", "LOC"), "evinde"),
        ("araba", ("SG", "PSS3S", "ACC"), "arabasını"),
        ("göz", ("PL", "", "DAT"), "gözlere"),
        ("çocuk", ("SG", "PSS2S", "GEN"), "çocuğunun"),
        ("ağaç", ("SG", "", "LOC"), "ağaçta"),
        ("köprü", ("SG", "", "GEN"), "köprünün"),
        ("top", ("SG", "", "DAT"), "topa"),
        ("kuş", ("SG", "", "ABL"), "kuştan"),
    ],
)
def test_turkish_suffixes_follow_the_stem(noun: str, features: tuple[str, str, str], form: str) -> None:
    assert inflected(noun, *features) == form


def test_german_articles_agree_and_verbs_have_their_places() -> None:
    pairs = [row[:2] for row, _ in zip(TRANSLATION.rows(random.Random(1)), range(20_000), strict=False)]

    def said(english: str) -> set[str]:
        """The German of all sentences with a piece of English in them."""
        return {german for source, german in pairs if english in source}

    assert all("einen Hund" in german for german in said("sees a dog ."))
    assert all("in dem Garten" in german for german in said("in the garden ."))
    assert all("in den Wäldern" in german for german in said("in the forests ."))
    assert all(german.endswith("schlafen .") for german in said("because the children sleep ."))
    assert all(map(said, ("sees a dog .", "in the garden .", "in the forests .", "because the children sleep .")))
    adverbs = [german.split() for source, german in pairs if source.startswith("today ")]
    verbs = {forms[column] for forms in (*VERBS.values(), *SLEEPERS.values()) for column in (2, 3, 4, 5)}
    assert all(words[0] == "Heute" and words[1] in verbs for words in adverbs)


def test_a_date_is_read_in_one_way_only() -> None:
    rows = [row for row, _ in zip(DATES.rows(random.Random(3)), range(20_000), strict=False)]
    meaning: dict[str, str] = {}
    for written, iso in rows:
        assert meaning.setdefault(written, iso) == iso
        assert date.fromisoformat(iso).year in range(1950, 2050)
    forms = {
        "".join("9" if letter.isdigit() else "a" if letter.isalpha() else letter for letter in row[0]) for row in rows
    }
    assert len(forms) > 100


def test_labels_are_unbalanced_and_not_told_by_a_word() -> None:
    rows = parts("labels")["train"]
    shares = {kind: 100 * sum(row[1] == kind for row in rows) / len(rows) for kind in SHARES}
    assert all(abs(shares[kind] - SHARES[kind]) < 4 for kind in SHARES)
    kinds_with = {word: {row[1] for row in rows if word in row[0].split()} for word in ("parcel", "website", "refund")}
    assert all(len(kinds) > 1 for kinds in kinds_with.values())


def test_tags_mark_the_phrases_of_their_types_and_words_alone_do_not_tell_them() -> None:
    kinds: dict[str, set[str]] = {}
    for words, tags, *_ in parts("tags")["train"]:
        assert not breaks(tags.split(), "BIO")
        for kind, start, end in spans_of(tags.split()):
            text = " ".join(words.split()[start:end])
            assert text in PHRASES[kind]
            kinds.setdefault(text, set()).add(kind)
    assert {kind for each in kinds.values() for kind in each} == set(PHRASES)
    assert len([text for text, each in kinds.items() if len(each) > 1]) >= 6


def test_old_spellings_follow_the_printers() -> None:
    def variants(word: str) -> set[str]:
        return {printed(word, random.Random(seed)) for seed in range(40)}

    assert "vpp" not in variants("up")
    assert all(spelling.startswith("vp") for spelling in variants("up"))
    assert {"loue"} <= variants("love")
    assert {"warre", "war"} <= variants("war")
    assert all("ſ" not in spelling[-1] and not spelling.startswith("s") for spelling in variants("seasons"))
    assert all(spelling.endswith("ie") for spelling in variants("city"))


@pytest.mark.parametrize(
    ("name", "written"),
    [
        ("Ельцин", "Yel’tsin"),
        ("Достоевский", "Dostoyevskiy"),
        ("Хрущёв", "Khrushchëv"),
        ("Соловьёв", "Solov’yëv"),
        ("Объедков", "Ob”yedkov"),
        ("Юлия", "Yuliya"),
        ("Эйзенштейн", "Eyzenshteyn"),
    ],
)
def test_russian_names_follow_the_rules_of_their_system(name: str, written: str) -> None:
    assert latin(name) == written
