"""Texts as people bring them, made afresh: languages and their encodings, damage, lists, copies, licences.

Each kind has several members, so that a test holds for the kind and not for one file.
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from functools import cache


@dataclass(frozen=True)
class Language:
    """Words of a language, its encodings before UTF-8, the sign that ends a sentence, and what separates words."""

    words: tuple[str, ...]
    encodings: tuple[str, ...]
    end: str = ". "
    space: str = " "
    line: str = "\n"


def _language(words: str, *encodings: str, **more: str) -> Language:
    return Language(tuple(words.split()), encodings, **more)


_UNSPACED = {"end": "。", "space": ""}
LANGUAGES = {
    "english": _language(
        "the sea was calm and a small boat went out with two men who had said nothing all week", "ascii"
    ),
    "french": _language(
        "élève déjà été forêt où naïf garçon cœur très août à la mer plutôt rêve",
        "cp1252",
        "mac_roman",
        "iso8859_15",
    ),
    "german": _language(
        "Äpfel Öl Übung schön für Mädchen größer Zürich müde Käse grün über Straße", "cp1252", "mac_roman", "cp850"
    ),
    "polish": _language(
        "łódź żółw gęś źrebię ćma świt jeż więc morze było spokojne dwóch mężczyzn", "cp1250", "iso8859_2"
    ),
    "spanish": _language(
        "el mar está tranquilo mañana pequeño corazón niño también pingüino él cigüeña útil", "cp1252", "mac_roman"
    ),
    "portuguese": _language("o mar está calmo manhã coração não põe três avô à água também ação irmãos", "cp1252"),
    "italian": _language("il mare è calmo perché città più là lunedì può così due uomini", "cp1252"),
    "swedish": _language("havet är lugnt på båten två män gick ut före morgonen i går kväll idé", "cp1252"),
    "danish": _language("havet er roligt på båden to mænd gik ud før morgen i går æble ø", "cp1252"),
    "czech": _language(
        "moře bylo klidné malý člun vyplul časně ráno dva muži mlčeli celý týden příliš žluťoučký kůň",
        "cp1250",
        "iso8859_2",
    ),
    "hungarian": _language(
        "a tenger nyugodt volt és egy kis csónak kora reggel kifutott két férfi hűvös őszi bőrű",
        "cp1250",
        "iso8859_2",
    ),
    "lithuanian": _language(
        "jūra buvo rami maža valtis išplaukė anksti rytą du vyrai tylėjo visą savaitę ąžuolų žvėrį čia", "cp1257"
    ),
    "latvian": _language(
        "jūra bija mierīga maza laiva izbrauca agri no rīta divi vīri klusēja visu nedēļu ķēniņš šķēps čūska",
        "cp1257",
    ),
    "russian": _language(
        "море было тихим и лодка вышла рано утром двое молчали всю неделю", "cp1251", "koi8_r", "cp866"
    ),
    "ukrainian": _language(
        "човен вийшов рано вранці їхня ґава є під дощем двоє мовчали цілий тиждень", "cp1251", "koi8_u"
    ),
    "greek": _language(
        "η θάλασσα ήταν ήρεμη και μια μικρή βάρκα βγήκε νωρίς το πρωί δύο άντρες", "cp1253", "iso8859_7"
    ),
    "hebrew": _language("הים היה שקט וסירה קטנה יצאה מוקדם בבוקר שני אנשים שתקו כל השבוע", "cp1255"),
    "arabic": _language("البحر هادئ وخرج قارب صغير في الصباح رجلان لم يتكلما طوال الأسبوع", "cp1256"),
    "hindi": _language("समुद्र शांत था और एक छोटी नाव सुबह निकली दो आदमी पूरे सप्ताह चुप रहे", end="। "),
    "thai": _language("ทะเล สงบ และ เรือ เล็ก ออก ไป แต่ เช้า ชาย สอง คน เงียบ", "cp874", end=" ", space=""),
    "korean": _language("바다는 잔잔했고 작은 배가 아침 일찍 떠났다 두 사람은 일주일 내내 말이 없었다", "cp949"),
    "japanese": _language(
        "ふねは しずかな うみへ でていった 朝 早く 男が 二人 だまって いた", "euc_jp", "cp932", **_UNSPACED
    ),
    "chinese": _language("海面 很 平静 一条 小船 清晨 出发 两个 男人 整个 星期 没有 说话", "gb18030", **_UNSPACED),
    "taiwanese": _language("海面 很 平靜 一條 小船 清晨 出發 兩個 男人 整個 星期 沒有 說話", "big5", **_UNSPACED),
    "vietnamese": _language("biển lặng và một chiếc thuyền nhỏ ra khơi từ sáng sớm hai người đàn ông", end=". "),
    "turkish": _language("deniz sakindi küçük bir tekne sabah erkenden çıktı iki adam ığdır şişe güneş", "cp1254"),
}
RIGHT_TO_LEFT = ("hebrew", "arabic")


@cache
def sentences(language: str, characters: int, seed: int = 0) -> str:
    """Sentences of random words of a language, so many characters, with line breaks now and then."""
    spoken, dice = LANGUAGES[language], random.Random(f"{language} {seed}")  # noqa: S311 - no secret
    out, length = [], 0
    while length < characters:
        sentence = spoken.space.join(dice.choice(spoken.words) for _ in range(dice.randint(4, 10)))
        out.append(
            sentence.capitalize() + (spoken.end.rstrip() + spoken.line if len(out) % 4 == 3 else spoken.end)
        )
        length += len(out[-1])
    return "".join(out)[:characters]


# Bytes of files with damage in them, and what is to be read from them


def merged(language: str, bad: bytes = b"It\x92s ", at: int = 900) -> tuple[bytes, str]:
    """UTF-8 with a few words of another encoding in it: the bytes, and the text with U+FFFD in their place."""
    text = sentences(language, 4_000)
    read = bad.decode("utf-8", "replace")
    return text[:at].encode() + bad + text[at:].encode(), text[:at] + read + text[at:]


def cut(language: str) -> tuple[bytes, str]:
    """UTF-8 that ends within a character."""
    text = sentences(language, 3_000)
    last = next(letter for letter in reversed(text) if letter > "\x7f")
    return text.encode() + last.encode()[:1], text + "\ufffd"


def marked(language: str, parts: int) -> tuple[bytes, str]:
    """Files put one after the other, each with its byte-order mark."""
    texts = [sentences(language, 1_200, seed) + "\n" for seed in range(parts)]
    return b"".join(b"\xef\xbb\xbf" + text.encode() for text in texts), "".join(texts)


def sorted_lines(language: str, number: int = 3_000) -> str:
    """Invented words of a language's syllables, one per line, in alphabetical order: a list of names."""
    dice, spoken = random.Random(f"{language} {number}"), LANGUAGES[language].words  # noqa: S311 - no secret
    made = {(dice.choice(spoken)[:3] + dice.choice(spoken)[-3:] + dice.choice(spoken)[:2]) for _ in range(number)}
    return "\n".join(sorted(made)) + "\n"


def chapters(*languages: str) -> str:
    """A chapter in each of these languages, one after the other: the last is unlike the rest."""
    return "".join(sentences(language, 20_000) for language in languages)


def pasted(language: str, times: int, characters: int = 900) -> str:
    """The same text so many times."""
    return sentences(language, characters) * times


def book(language: str, where: str) -> tuple[str, str]:
    """A book with Project Gutenberg's licence at its "start", its "end" or at "both", and the book alone."""
    story = sentences(language, 12_000).strip()
    words = "".join(
        f"{k}. You may copy clause {k * 7 % 31} of these terms, or clause {k * 5 % 29}.\n" for k in range(40)
    )
    marks = [f"*** {mark} OF THE PROJECT GUTENBERG EBOOK A BOAT ***" for mark in ("START", "END")]
    header = f"The Project Gutenberg eBook\n\n{words if where != 'end' else ''}{marks[0]}\n\n"
    footer = f"\n\n{marks[1]}\n{words if where != 'start' else ''}"
    return header + story + footer, story + "\n"
