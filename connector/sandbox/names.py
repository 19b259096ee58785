"""Names of people and teams for the tenant behind this double of Keeper's cloud.

Nothing here is documented by the vendor; all of it is made up by combination, and what matters is its
variety: scripts other than Latin, letters that fold in unusual ways, apostrophes of several kinds, two family
names, the family name first, one name only. It never holds a customer's name.
"""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass

__all__ = ["CULTURES", "ONE_NAMES", "PLACES", "TEAMS", "TITLES", "Culture", "Name", "fold"]


@dataclass(frozen=True, slots=True)
class Name:
    """One name as its bearer writes it, and its form in plain letters for an e-mail address."""

    written: str
    plain: str


@dataclass(frozen=True, slots=True)
class Culture:
    """Names that go together, and the order in which a display name shows them."""

    given: tuple[Name, ...]
    family: tuple[Name, ...]
    family_first: bool = False
    between: str = " "


# Letters that Unicode doesn't decompose into a plain letter and a mark.
_LETTERS = str.maketrans(
    {
        "æ": "ae",
        "ð": "d",
        "đ": "d",
        "ø": "o",
        "œ": "oe",
        "ß": "ss",
        "þ": "th",
        "ł": "l",
        "\N{LATIN SMALL LETTER DOTLESS I}": "i",
        "\N{MODIFIER LETTER TURNED COMMA}": "",
        "\N{RIGHT SINGLE QUOTATION MARK}": "'",
        " ": "",
    }
)


def fold(text: str) -> str:
    """Lower-case letters without marks; an apostrophe stays, as it may in an e-mail address."""
    apart = unicodedata.normalize("NFKD", text.lower())
    return "".join(sign for sign in apart if not unicodedata.combining(sign)).translate(_LETTERS)


def _names(text: str) -> tuple[Name, ...]:
    """`Zoë, 太郎|Taro`: what stands after the bar is the plain form, else it is folded from the name."""
    parts = [part.strip().partition("|") for part in text.split(",")]
    return tuple(Name(written, fold(plain or written)) for written, _, plain in parts)


CULTURES: tuple[Culture, ...] = (
    Culture(  # English, Irish
        _names("Sinéad, Conor, Maeve, Oliver, Grace, Siobhán, Dermot, Ada, Noah, Mary Kate"),
        _names("O'Brien, O'Neill, D'Arcy, Murphy, Lovelace, Smith-Jones, Baker, Ní Mhurchú, St. Clair"),
    ),
    Culture(  # Spanish
        _names("Íñigo, María José, Lucía, Andrés, Begoña, Joaquín, Núria, Álvaro"),
        _names("García Márquez, Muñoz, Peña, Ibáñez, de la Cruz, López, Núñez Ortega"),
    ),
    Culture(  # French
        _names("Jean-François, Anaïs, Gaëlle, Loïc, Zoé, Benoît, Cécile"),
        _names("Lefèvre, L\N{RIGHT SINGLE QUOTATION MARK}Hôte, D'Aubigné, Œuvrard, Prévost, du Bois"),
    ),
    Culture(  # German
        _names("Jürgen, Käthe, Sören, Ulrike, Götz, Annelie"),
        _names("Groß, Müller, von der Heide, Strauß, Schönfeld, Weiß-Ölmann"),
    ),
    Culture(  # Nordic
        _names("Åsa, Bjørn, Þórunn, Æsa, Sigurður, Lærke, Øyvind, Pirkko"),
        _names("Ødegård, Ærø, Jónsdóttir, Hämäläinen, Ström, Guðmundsson"),
    ),
    Culture(  # Polish, Czech
        _names("Łukasz, Małgorzata, Jiří, Žofie, Stanisław, Bořivoj"),
        _names("Wójcik, Dvořák, Błaszczyk, Černý, Źródlak, Kowalska"),
    ),
    Culture(  # Hungarian
        _names("Gergő, Zsófia, Ödön, Tímea, Győző"),
        _names("Szőke, Nagy, Erdős, Kövesdi, Fűzfa"),
        family_first=True,
    ),
    Culture(  # Turkish
        _names("İlker, Ayşe, Gökçe, Çağla, Oğuz, Tuğba"),
        _names("Y\N{LATIN SMALL LETTER DOTLESS I}lmaz, Şahin, Öztürk, Çelik, Gökdağ"),
    ),
    Culture(  # Portuguese
        _names("João, Inês, Conceição, Antônio, Lourenço"),
        _names("Gonçalves, dos Santos, Magalhães, Simões, Brandão e Silva"),
    ),
    Culture(  # Italian
        _names("Niccolò, Chiara, Saverio, Libertà"), _names("D'Angelo, Dell'Orto, Fabbri, Nicolò")
    ),
    Culture(  # Vietnamese
        _names("Thị Hồng, Đức, Quỳnh, Văn Hưng, Ngọc Ánh"),
        _names("Nguyễn, Trần, Đặng, Phạm, Lê"),
        family_first=True,
    ),
    Culture(  # Japanese
        _names("太郎|Taro, 花子|Hanako, さくら|Sakura, 健|Ken, 葵|Aoi"),
        _names("山田|Yamada, 佐藤|Sato, 高橋|Takahashi, 渡邉|Watanabe"),
        family_first=True,
    ),
    Culture(  # Chinese
        _names("伟|Wei, 秀英|Xiuying, 芳|Fang, 子轩|Zixuan, 婷婷|Tingting"),
        _names("王|Wang, 李|Li, 欧阳|Ouyang, 张|Zhang, 陈|Chen"),
        family_first=True,
        between="",
    ),
    Culture(  # Korean
        _names("민준|Minjun, 서연|Seoyeon, 지우|Jiwoo, 하은|Haeun"),
        _names("김|Kim, 이|Lee, 박|Park, 최|Choi"),
        family_first=True,
        between="",
    ),
    Culture(  # Arabic
        _names("فاطمة|Fatima, محمد|Mohammed, ليلى|Layla, يوسف|Yusuf"),
        _names("الهاشمي|Al-Hashimi, حداد|Haddad, بن علي|Ben Ali, منصور|Mansour"),
    ),
    Culture(  # Hebrew
        _names("נועה|Noa, איתן|Eitan, שירה|Shira"), _names("כהן|Cohen, לוי|Levi, בן-דוד|Ben-David")
    ),
    Culture(  # Greek
        _names("Ελένη|Eleni, Γιώργος|Giorgos, Θεοδώρα|Theodora"),
        _names("Παπαδόπουλος|Papadopoulos, Ζαχαρίου|Zachariou, Κωνσταντίνου|Konstantinou"),
    ),
    Culture(  # Ukrainian, Bulgarian
        _names("Дар'я|Darya, Юрій|Yurii, Любомир|Lyubomyr, Жанна|Zhanna"),
        _names("Шевченко|Shevchenko, Ющенко|Yushchenko, Щербак|Shcherbak, Цветкова|Tsvetkova"),
    ),
    Culture(  # Hindi, Tamil
        _names("आरव|Aarav, प्रिया|Priya, कविता|Kavita, தமிழ்|Tamizh"),
        _names("शर्मा|Sharma, पटेल|Patel, अय्यर|Iyer"),
    ),
    Culture(  # Yoruba, Igbo
        _names("Ọláyínká, Chiamaka, Ṣadé, Ngọzi, Adébáyọ̀"), _names("Adéṣínà, Okonkwo, Ọ̀ṣọ́, Eze")
    ),
    Culture(  # Hawaiian, Maori
        _names("Ka\N{MODIFIER LETTER TURNED COMMA}iulani, Leilani, Tāne, Aroha"),
        _names("Kahale, Ka\N{MODIFIER LETTER TURNED COMMA}ahumanu, Ngāta, Māhuika"),
    ),
)

ONE_NAMES: tuple[Name, ...] = _names("Slamet, Wulandari, Thant, Madhavi, Bambang, Ásdís, 龍|Ryu, Nurhayati")

TITLES: tuple[str, ...] = (
    "Software Engineer",
    "Head of R&D",
    "Ingénieure système",
    'Director, "Special" Projects',
    "Sachbearbeiterin für Löhne",
    "営業部長",
    "VP Sales",
    "Nurse",
    "Data Analyst II",
)

TEAMS: tuple[str, ...] = (
    "Platform",
    "Human Resources",
    "Finance & Tax",
    "None",  # a name like any other, for clients that read words as values
    "Vertrieb Süd",
    "Field Service",
    "東京オフィス",
    "Legal",
    "Support <24/7>",
    "Research",
    "Marketing",
    "Compras",
    "Security",
    "R&D",
    "Payroll",
    "007",
    'The "A" Team',
    "Quality",
    "Workers' Council",
)

PLACES: tuple[str, ...] = (
    "EMEA",
    "São Paulo",
    "Kraków",
    "Zürich",
    "Lagos",
    "Québec",
    "대전",
    "Hawai\N{MODIFIER LETTER TURNED COMMA}i",
    "Nairobi",
    "Reykjavík",
    "Chennai",
)
