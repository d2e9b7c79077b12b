"""Words in Spanish spelling and how they are pronounced in Spain, in the International Phonetic Alphabet."""

from __future__ import annotations

import re
from collections.abc import Iterator
from random import Random

from seqloom.examples.base import Example, Row

WORDS = """
agua aire alegre algo amarillo amigo antes año arena árbol ayer azúcar bajo banco barco bello blanco boca
bosque brazo bueno burro caballo cabeza café calle cama camino campo canción cantar cara carne carretera casa
castillo cebolla cena cerca cerrar chico chocolate cielo cien cinco ciudad claro cocina color comer comida
conejo corazón correr cosa cruz cuadro cuchara cuello cuerpo cueva dedo derecho desierto despacio día diente
dinero dulce edad enero enfermo entre escuela espejo espera estrella familia feliz fiesta flor fruta fuego
fuerte gallina gato gente gigante girar gordo grande grito guante guerra guitarra haba habla hacer hambre
harina hermano hielo hierro hija hijo hoja hombre honrado hora hoy huevo iglesia igual invierno isla izquierda
jabón jamás jardín jefe joven jueves juego jugo kilo lado lago largo lavar leche lejos lengua león letra libro
limón llave lleno llorar lluvia lobo luna lunes luz madera madre maíz mano manzana mañana mar martes mayo
médico mejor mesa miel mientras mirar mochila montaña morir mucho muerte mujer mundo música nada naranja nariz
negro nieve niño noche nombre norte nube nuevo nunca ocho ojo oreja oro oso otro oveja padre pájaro palabra
pan papel paraguas pared patio paz pecho pelo pequeño perro pez piedra pierna pingüino piso plata playa plaza
pobre pollo pozo primo pueblo puente puerta queso quien quinto quizá radio rana rápido raro rayo razón recoger
regla rey rico río risa rodilla rojo ropa rosa rueda saber sal sangre seguir semana señor siete siglo silla
sobre sol sombra sonrisa sueño tarde taxi techo teléfono tiempo tienda tierra tigre toro trabajo trueno uña
uva vaca valle vaso vecino veinte vela ventana verano verde vergüenza viaje vida viejo viento vino volver voz
yegua yerno zanahoria zapato zorro zumo
""".split()
STARTS = "b c ch d f g gu h j l ll m n ñ p qu r s t v y z br bl cr cl dr fr fl gr gl pr pl tr".split()
ENDS = ("", "", "", "", "", "n", "s", "l", "r", "d", "z")
VOWELS = ("a", "e", "i", "o", "u", "a", "e", "o", "ie", "ue", "ia", "io", "ua", "ei", "ai")
ACUTE = dict(zip("aeiou", "áéíóú", strict=True))
PLAIN = {accented: plain for plain, accented in ACUTE.items()}

RULES = (
    ("ch", "tʃ"), ("ll", "ʎ"), ("rr", "r"), ("qu(?=[eiéí])", "k"), ("gu(?=[eiéí])", "ɡ"), ("gü", "ɡ w"),
    ("c(?=[eiéí])", "θ"), ("c", "k"), ("g(?=[eiéí])", "x"), ("g", "ɡ"), ("j", "x"), ("h", ""), ("ñ", "ɲ"), ("z", "θ"),
    ("v", "b"), ("x", "k s"), ("y(?=[aeiouáéíóú])", "ʝ"), ("y", "j"), ("^r|(?<=[nls])r", "r"), ("r", "ɾ"),
    ("i(?=[aeouáéóú])", "j"), ("u(?=[aeoiáéóí])", "w"), ("(?<=[aeoáéó])i", "j"), ("(?<=[aeoáéó])u", "w"),
    ("[aeiouáéíóú]", None), ("k", "k"), ("[bdflmnpst]", None),
)  # fmt: skip
"""Spelling and sound, the first that fits at a place; None stands for the letter itself. See Hualde 2005, The Sounds of
Spanish, chapter 1."""
PATTERN = re.compile("|".join(f"({spelling})" for spelling, _ in RULES))
SOFT = {"b": "β", "d": "ð", "ɡ": "ɣ"}


def phones(word: str) -> list[str]:
    """The sounds of a word; the stressed vowel has a mark before it."""
    sounds = []
    for match in PATTERN.finditer(word):
        sound = RULES[(match.lastindex or 1) - 1][1]
        sounds += (match.group() if sound is None else sound).split()
    stressed = _stressed(sounds, word)
    said = []
    for place, sound in enumerate(sounds):
        plain = PLAIN.get(sound, sound)
        after = PLAIN.get(sounds[place - 1], sounds[place - 1]) if place else ""
        soft = plain in SOFT and after in "a e i o u j w ɾ s θ".split()
        said.append(f"ˈ{plain}" if place == stressed else SOFT[plain] if soft else plain)
    return said


def _stressed(sounds: list[str], word: str) -> int:
    """The place of the stressed vowel: where the accent is, or else by the last letter."""
    vowels = [place for place, sound in enumerate(sounds) if sound in ACUTE or sound in PLAIN]
    accented = [place for place in vowels if sounds[place] in PLAIN]
    if accented:
        return accented[0]
    early = word[-1] in "aeiouns" and len(vowels) > 1
    return vowels[-2] if early else vowels[-1]


def composed(chance: Random) -> str:
    """A made-up word of one to four syllables; one in six has an accent where the rules do not expect the stress."""
    count = chance.choice((2, 2, 3, 3, 4))
    word = ""
    for number in range(count):
        start = chance.choice((*STARTS, "")) if number == 0 else chance.choice((*STARTS, "rr", "güe"))
        if start == "güe":
            word += start
            continue
        vowel = chance.choice("ei") if start in ("gu", "qu") else chance.choice(VOWELS)
        end = chance.choice(ENDS)
        word += start + vowel + (end if number == count - 1 or end in ("", "n", "s", "l", "r") else "")
    places = [match.start() for match in re.finditer(r"[aeo]", word)]
    if places and chance.random() < 1 / 6:
        place = chance.choice(places)
        word = word[:place] + ACUTE[word[place]] + word[place + 1 :]
    return word


def rows(chance: Random) -> Iterator[Row]:
    """Real words in a random order, then made-up ones."""
    words = list(WORDS)
    chance.shuffle(words)
    for word in words:
        yield word, " ".join(phones(word))
    while True:
        word = composed(chance)
        yield word, " ".join(phones(word))


G2P = Example(
    name="g2p",
    title="Spanish spelling to pronunciation",
    rules="About 300 Spanish words, and others composed of Spanish syllables, which mean nothing. The sounds follow "
    "from the letters by the rules of Spain's standard pronunciation: c and g before e and i, qu and gu, r at the "
    "beginning, b, d and g between vowels, and the stress, which has the mark ˈ.",
    rows=rows,
    count=2000,
    inputs="words.txt",
)
