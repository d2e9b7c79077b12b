"""Russian names in Cyrillic letters and in Latin ones."""

from __future__ import annotations

from collections.abc import Iterator
from random import Random

from seqloom.examples.base import Example, Row

NAMES = """
Александр Алексей Анастасия Анатолий Андрей Анна Антонина Аркадий Борис Вадим Валентина Валерий Василий Вера
Виктор Виталий Владимир Вячеслав Галина Геннадий Георгий Григорий Дарья Денис Дмитрий Евгений Екатерина Елена
Елизавета Ефим Зинаида Зоя Иван Игорь Илья Инна Ирина Кирилл Константин Ксения Лариса Лев Леонид Любовь Людмила
Максим Маргарита Марина Мария Михаил Надежда Наталья Никита Николай Нина Оксана Олег Ольга Павел Пётр Полина
Раиса Роман Светлана Семён Сергей Софья Станислав Степан Тамара Татьяна Тимофей Ульяна Фёдор Эдуард Эмма Юлия
Юрий Яков Ярослав Ахматова Булгаков Гоголь Горький Достоевский Есенин Лермонтов Маяковский Мусоргский Набоков
Прокофьев Пушкин Рахманинов Соловьёв Толстой Тургенев Хрущёв Чайковский Чехов Шостакович Эйзенштейн
""".split()
STARTS = "б в г д ж з к л м н п р с т ф х ц ч ш щ бр вл гр др кр пл ст хв шк".split()
VOWELS = "а е и о у ы э ю я ё а е и о".split()
MIDDLES = "б в г д ж з й к л м н п р с т х ц ч ш щ ль нь рь ть дв лк нд рт ск бъ".split()
ENDINGS = """
ов ев ёв ин ын ский цкий енко ич ович евич ова ева ина ская ко ук юк чук ья ьев ьева ий ая ой я ов ова ин ский
""".split()
LETTERS = dict(
    zip(
        "абвгдеёжзийклмнопрстуфхцчшщъыьэюя",
        "a b v g d e ë zh z i y k l m n o p r s t u f kh ts ch sh shch ” y ’ e yu ya".split(),
        strict=True,
    )
)
"""The system of the United States Board on Geographic Names and the Permanent Committee on Geographical Names, 1947."""
AFTER_THESE_YE = frozenset("аеёиоуыэюяйъь")


def latin(name: str) -> str:
    """A name in Latin letters: е and ё are ye and yë at the beginning and after vowels, й, ъ and ь."""
    written, before = "", ""
    for letter in name.lower():
        glide = letter in "её" and (not before or before in AFTER_THESE_YE)
        written += ("y" if glide else "") + LETTERS[letter]
        before = letter
    return written[0].upper() + written[1:]


def composed(chance: Random) -> str:
    """A made-up family name."""
    stem = chance.choice((*STARTS, "", "")) + chance.choice(VOWELS)
    for _ in range(chance.choice((0, 1, 1, 1, 2))):
        stem += chance.choice(MIDDLES) + chance.choice(VOWELS)
    name = stem + chance.choice(STARTS[:20]) + chance.choice(ENDINGS)
    return name[0].upper() + name[1:]


def rows(chance: Random) -> Iterator[Row]:
    """Real names in a random order, then made-up ones."""
    names = list(NAMES)
    chance.shuffle(names)
    for name in names:
        yield name, latin(name)
    while True:
        name = composed(chance)
        yield name, latin(name)


TRANSLITERATION = Example(
    name="transliteration",
    title="Russian names in Cyrillic letters to Latin letters",
    rules="About 110 Russian names, and family names composed of Russian syllables and endings, most of which nobody "
    "has. They are written in Latin letters by the system of BGN/PCGN, in which one letter becomes up to four (щ, "
    "shch), and е and ё are ye and yë at the beginning and after vowels, й, ъ and ь.",
    rows=rows,
    count=2000,
    inputs="names.txt",
)
