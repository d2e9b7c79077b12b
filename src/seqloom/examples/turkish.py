"""Turkish nouns and their forms, with vowel harmony and changing consonants."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product
from random import Random

from seqloom.examples.base import Example, Row

NOUNS = """
adam ağaç akşam anne araba armut at ay ayak ayakkabı balık baba bahçe bardak baş bayrak bebek bıçak bilet bina
boya böcek bulut burun buz cadde cam çanta çatal çay çiçek çocuk çorap dağ dalga defter deniz dere dişçi
doktor dolap dost domates duvar düğme dünya ekmek elma er eşek ev fare fil fincan gece gelin gemi göl gömlek
gök göz gün güneş güvercin hala halı hastane hava havuç hayvan ırmak ışık inek ip iş kadın kağıt kalem kanat
kapı kapak kar kardeş karınca kaşık kavun kaya kaz kedi kelebek kemik keman kilim kilit kitap koltuk kol komşu
köpek köprü köy kulak kule kurt kuş kutu kuzu kürek limon masa mavi mendil merdiven mektup memur meyve minder
mutfak müdür nehir nine oda odun okul orman ordu otel otobüs oyun oyuncak öğrenci öğretmen ördek örtü para
park parmak pasta patates pencere perde peynir pilot portakal ressam resim roman saç sabun salon sandık sebze
sepet ses sınıf sinek sokak sofra söz su süt şapka şehir şeker şemsiye tabak tarak tarla taş tavşan tavuk
telefon tepe terlik top toprak torba tren turist tuz uçak usta uyku üzüm vapur vazo yaprak yastık yatak yazar
yemek yıldız yıl yılan yol yolcu yorgan yüz yüzük yumurta zaman zeytin zil
""".split()
IRREGULAR = {"su", "burun", "resim", "şehir", "nehir", "ağaç", "gök", "saç", "üzüm"}
VOWELS = "aıoueiöü"
BACK, ROUND = "aıou", "ouöü"
HARD = "fstkçşhp"
SOFTENED = {"p": "b", "ç": "c", "k": "ğ"}
NUMBERS, OWNERS, CASES = ("SG", "PL"), ("", "PSS1S", "PSS2S", "PSS3S"), ("NOM", "ACC", "DAT", "LOC", "ABL", "GEN")


def rows(chance: Random) -> Iterator[Row]:
    """Every noun in every form, in a random order."""
    found = [
        (noun, inflected(noun, *features), ";".join(feature for feature in features if feature))
        for noun in sorted({*NOUNS} - IRREGULAR)
        for features in product(NUMBERS, OWNERS, CASES)
    ]
    chance.shuffle(found)
    yield from found


def inflected(noun: str, number: str, owner: str, case: str) -> str:
    """A form of a noun: stem, plural, possessor, case (Göksel & Kerslake 2005, Turkish: A Comprehensive Grammar, 8)."""
    word = noun
    if number == "PL":
        word += "lar" if _back(word) else "ler"
    if owner in ("PSS1S", "PSS2S"):
        end = "m" if owner == "PSS1S" else "n"
        word = word + end if word[-1] in VOWELS else _soft(word) + _high(word) + end
    elif owner:
        word = word + "s" + _high(word) if word[-1] in VOWELS else _soft(word) + _high(word)
    low = "a" if _back(word) else "e"
    if case == "NOM":
        return word
    buffer = "n" if owner == "PSS3S" else ""
    if case in ("LOC", "ABL"):
        stop = "t" if word[-1] in HARD and not buffer else "d"
        return f"{word}{buffer}{stop}{low}{'n' if case == 'ABL' else ''}"
    vowel = low if case == "DAT" else _high(word)
    if word[-1] in VOWELS:
        return f"{word}{buffer or ('n' if case == 'GEN' else 'y')}{vowel}{'n' if case == 'GEN' else ''}"
    return f"{_soft(word)}{vowel}{'n' if case == 'GEN' else ''}"


def _last(word: str) -> str:
    return next(letter for letter in reversed(word) if letter in VOWELS)


def _back(word: str) -> bool:
    return _last(word) in BACK


def _high(word: str) -> str:
    """The vowel ı, i, u or ü that goes with the last vowel of the word."""
    last = _last(word)
    if last in ROUND:
        return "u" if last in BACK else "ü"
    return "ı" if last in BACK else "i"


def _soft(word: str) -> str:
    """The stem before a vowel: the last consonant of words of several syllables becomes soft."""
    several = sum(letter in VOWELS for letter in word) > 1
    return word[:-1] + SOFTENED[word[-1]] if several and word[-1] in SOFTENED else word


INFLECTION = Example(
    name="inflection",
    title="Turkish nouns and features to inflected forms",
    rules="About 200 nouns in 48 forms: number, possessor and case. Suffixes follow vowel harmony; p, ç and k become "
    "soft before a vowel in words of several syllables; nouns that do otherwise are left out. The third column "
    "holds the features as tags. Nouns of the test file are in no other file.",
    rows=rows,
    count=4000,
    options=("--set", "data.tags=3"),
)
