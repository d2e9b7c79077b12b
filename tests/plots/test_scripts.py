"""Text of any script in pictures: which fonts draw it, what is said where none can, and that letters are shaped."""

from __future__ import annotations

import subprocess
import sys
import warnings
from io import BytesIO
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import typer
from matplotlib import font_manager
from matplotlib.figure import Figure
from matplotlib.font_manager import FontEntry, fontManager
from matplotlib.image import imread
from numpy.typing import NDArray

from seqloom.cli.guard import Guard
from seqloom.errors import DataError, DependencyError
from seqloom.plots import MissingGlyphWarning, plot_attention, plot_lengths
from seqloom.plots.fonts import FONT, fonts_for, missing_sentence, refresh
from seqloom.plots.picture import Picture
from seqloom.plots.style import CIRCLE, readable, width
from seqloom.prediction import Prediction

NOWHERE = "\U000f0000"
"""A character of private use, which no font here has."""
TEXTS = {"Arabic": "العربية", "Hindi": "हिन्दी", "Japanese": "日本語の", "Hebrew": "שָׁלוֹם"}


def map_of(source: list[str], target: list[str]) -> Prediction:
    weights = np.full((len(target), len(source)), 1 / len(source), np.float32)
    return Prediction("", 0.0, tuple(source), tuple(target), alignment=weights)


def needs_fonts(text: str) -> list[str]:
    families, missing = fonts_for(text)
    if missing:
        pytest.skip(missing_sentence(missing))
    return families


def written(text: str) -> NDArray[np.bool_]:
    """The dark pixels of a text, without the empty margin around them."""
    families = needs_fonts(text)

    def draw(figure: Figure) -> None:
        figure.text(0.05, 0.4, text, fontsize=30)

    stream = BytesIO()
    Picture((6, 1), {"font.family": families}, draw).savefig(stream, format="png", bbox_inches=None)
    drawn: NDArray[np.bool_] = imread(BytesIO(stream.getvalue()))[..., :3].min(axis=2) < 0.5
    rows, columns = np.nonzero(drawn)
    return drawn[rows.min() : rows.max() + 1, columns.min() : columns.max() + 1]


@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS)
def test_a_word_of_any_script_is_drawn_in_one_font(text: str) -> None:
    needs_fonts(text)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        plot_attention(map_of(list(text), [text, "x"]), title=text).draw_without_rendering()


def test_arabic_letters_are_joined() -> None:
    joined, apart = written("ببب"), written("ب\u200cب\u200cب")
    assert joined.shape[1] < 0.8 * apart.shape[1]


def test_a_line_runs_from_the_right_where_its_script_does() -> None:
    thin, wide = written("ا"), written("س")
    both = written("ا س")
    dark = both.sum(axis=0) > 0
    left_part = int(np.argmin(dark))  # the width of what stands left of the first gap
    assert abs(left_part - wide.shape[1]) < abs(left_part - thin.shape[1])


def test_a_vowel_sign_stands_before_its_consonant() -> None:
    syllable, consonant = written("हि"), written("ह")
    assert syllable.shape[1] > consonant.shape[1]
    plain = written("ह").sum(axis=0)
    rest = syllable.sum(axis=0)[-len(plain) :]
    assert np.corrcoef(plain[-len(plain) // 2 :], rest[-len(plain) // 2 :])[0, 1] > 0.8


def test_the_region_of_east_asian_glyphs_follows_from_the_text() -> None:
    assert [name for name in needs_fonts("日本語の") if "CJK" in name or "Gothic" in name]
    if any("CJK" in entry.name for entry in fontManager.ttflist):
        assert "Noto Sans CJK JP" in fonts_for("日本語の")[0]
        assert "Noto Sans CJK KR" in fonts_for("한국어 漢字")[0]
        assert "Noto Sans CJK SC" in fonts_for("汉字")[0]


def test_what_no_font_has_is_said_and_drawn_as_its_code_point() -> None:
    assert readable([NOWHERE, "a" + NOWHERE]) == ["⟨F0000⟩", "a⟨F0000⟩"]
    with pytest.warns(MissingGlyphWarning, match=r"has U\+F0000: the picture shows code points instead"):
        picture = plot_attention(map_of([NOWHERE], ["x"]))
    assert [label.get_text() for label in picture.axes[0].get_xticklabels()] == ["⟨F0000⟩"]
    with pytest.warns(MissingGlyphWarning):
        plot_lengths({NOWHERE: [1]})


def test_the_packages_of_missing_fonts_are_named() -> None:
    said = missing_sentence({"字", "の", "ह"})
    assert "has ह (U+0939), の (U+306E), 字 (U+5B57): the picture" in said
    assert "apt install fonts-noto-cjk fonts-noto-core" in said
    assert "fonts-symbola" in missing_sentence({"🙂"})
    assert "and 2 more" in missing_sentence({chr(0x4E00 + number) for number in range(10)})
    assert "no standard font" in missing_sentence({NOWHERE})


def test_labels_keep_marks_with_their_letters() -> None:
    assert readable(["e\u0301"]) == ["e\u0301"]
    assert readable(["\u0301"]) == [CIRCLE + "\u0301"]
    assert readable(["ab\u0301c"], longest=3) == ["a…"]
    assert readable(["x\u200cy", "\u200c", "\x00"]) == ["x\u200cy", "⟨200C⟩", "⟨0000⟩"]
    assert width("e\u0301") == width("e")


def test_fonts_that_came_or_went_are_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    before = list(fontManager.ttflist)
    default = next(entry for entry in before if entry.name == FONT)
    removed = FontEntry(fname="/nowhere/removed.ttf", name="Removed", weight=400)
    monkeypatch.setattr(fontManager, "ttflist", [removed, *(each for each in before if each.fname != default.fname)])
    monkeypatch.setattr(font_manager, "findSystemFonts", lambda: [default.fname, __file__])
    refresh()
    names = [entry.fname for entry in fontManager.ttflist]
    assert removed.fname not in names
    assert default.fname in names
    assert __file__ not in names
    refresh()
    assert len(fontManager.ttflist) == len(names)


def test_an_old_matplotlib_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("matplotlib.__version__", "3.10.8")
    with pytest.raises(DependencyError, match=r"matplotlib 3\.11 or later.*not 3\.10\.8"):
        plot_lengths({"a": [1]})


def test_long_sentences_stay_readable() -> None:
    long = map_of([f"source{i}" for i in range(80)], [f"target{i}" for i in range(80)])
    picture = plot_attention([long, long])
    (first, second) = picture.axes[:2]
    assert picture.get_size_inches()[0] < 25
    assert second.get_position().y1 < first.get_position().y0
    picture.draw_without_rendering()
    boxes = [label.get_window_extent() for label in first.get_yticklabels()]
    assert len(boxes) == 80
    assert all(above.y0 >= below.y1 - 1 for above, below in pairwise(boxes))
    assert min(float(label.get_fontsize()) for label in first.get_xticklabels()) >= 5.5


def test_more_maps_than_fit_are_refused() -> None:
    tall = map_of(["a"], ["b"] * 80)
    with pytest.raises(DataError, match=r"room for the first 26 of these predictions, not for 40"):
        plot_attention([tall] * 40)
    plot_attention([tall] * 26)


def test_an_empty_answer_has_a_row_of_its_own() -> None:
    empty = Prediction("", 0.0, ("a", "b"), ("</s>",), alignment=np.zeros((0, 2), np.float32))
    picture = plot_attention([empty, map_of(["a"], ["b"])])
    assert [label.get_text() for label in picture.axes[0].get_yticklabels()] == ["∅"]
    plot_attention(empty).draw_without_rendering()


def test_a_figure_belongs_to_its_caller(tmp_path: Path) -> None:
    picture = plot_attention(map_of(["a"], ["b"]))
    assert list(tmp_path.iterdir()) == []
    picture.axes[0].set_xlabel("mine")
    picture.savefig(tmp_path / "own.svg")
    assert "mine" in (tmp_path / "own.svg").read_text(encoding="utf-8")
    assert picture._repr_png_().startswith(b"\x89PNG")
    code = "import sys, seqloom.plots as p; p.plot_lengths({'a': [1]}); print('matplotlib.pyplot' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "False\n"


@pytest.mark.filterwarnings("default::seqloom.plots.MissingGlyphWarning")
def test_the_command_line_says_it_as_a_note(capsys: pytest.CaptureFixture[str]) -> None:
    program = typer.Typer(cls=Guard)

    @program.command()
    def draw() -> None:
        plot_lengths({NOWHERE: [1]})

    @program.command()
    def other() -> None: ...

    with pytest.raises(SystemExit):
        program(["draw"])
    assert capsys.readouterr().err.startswith("note: no installed font has")


def test_letters_stand_upright_beside_the_end_mark() -> None:
    letters, words = map_of(list("سلام"), ["s", "l"]), map_of(["سلام", "x"], ["s", "l"])
    ending = np.full((2, 5), 0.2, np.float32)
    letters = Prediction("", 0.0, letters.source_tokens, letters.target_tokens, alignment=ending)
    turned = [
        [label.get_rotation() for label in plot_attention(each).axes[0].get_xticklabels()] for each in (letters, words)
    ]
    assert turned == [[0, 0, 0, 0, 55], [55, 55]]
