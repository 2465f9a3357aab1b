"""
Sixty invented people and what happens to each. Names are chosen to stress layouts: long, hyphenated, accented, in Cyrillic,
Greek and Arabic letters, without a given name, and two that are easily mixed up. Telephone numbers are from the ranges
kept for fiction, addresses do not exist.

Days are counted from the demo's date: -24 is 24 days before it.
"""

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Visit:
    """A consultation in the diary that has not happened yet. *slot* is a clock time, for those of today."""

    day: int
    clinician: str = "amara"
    slot: str = ""
    state: str = "booked"


@dataclass(frozen=True)
class Course:
    """
    A consultation, the plan agreed in it, and its sessions. *seen* is the day of the consultation, *first* that of session 1;
    *signed* counts the sessions done and signed. *today* says how far today's session has come, where one falls on today.
    """

    indication: str
    level: str
    zones: tuple[str, ...]
    seen: int
    first: int | None = None
    signed: int = 0
    clinician: str = "amara"
    morphology: str = ""
    adjuvants: tuple[str, ...] = ()
    yes: dict[str, dict] = field(default_factory=dict)  # rule of the protocol: what was said with the yes
    today: str = ""
    slot: str = ""
    gap_days: int = 28
    adverse: int = 0  # number of the session after which an adverse event was recorded
    ends: str = ""  # "", "stopped", "superseded" or "sent" (it waits for a countersignature)
    booked: bool = True
    photographed: bool = False
    on_paper: int = 0  # number of the session of a day without power: its record was entered the next morning
    deeper: int = 0  # number of the session in which the deepest zone was needled deeper than the clinician is signed off for


@dataclass(frozen=True)
class NoPlan:
    """A consultation that ended in a stop, a deferral, or was left as a draft."""

    indication: str
    level: str
    zones: tuple[str, ...]
    seen: int
    clinician: str = "amara"
    morphology: str = ""
    yes: dict[str, dict] = field(default_factory=dict)
    unasked: bool = False  # left as a draft: the questions were not all asked


@dataclass(frozen=True)
class Person:
    surname: str
    given: str
    sex: str
    born: str
    phototype: int | None
    story: Visit | Course | NoPlan | None
    medicines: tuple[tuple[str, str], ...] = ()  # name, day it was stopped or ""
    allergies: tuple[tuple[str, str, int | None], ...] = ()  # substance, reaction, year
    procedures: tuple[tuple[str, str, int], ...] = ()  # what, zone, day counted from the demo's date
    preferred: str = ""
    language: str = ""


FACE = ("forehead", "cheeks", "chin")

PEOPLE: tuple[Person, ...] = (
    # Today, in the order of the day
    Person(
        "Rahman",
        "Nadia",
        "F",
        "1991-03-04",
        4,
        Course(
            "acne_scars",
            "grade_3",
            ("cheeks", "chin", "temples"),
            -64,
            -56,
            2,
            "amara",
            "rolling",
            adjuvants=("hyaluronic_acid",),
            today="signed",
            slot="09:00",
            photographed=True,
        ),
        allergies=(("Nickel", "rash", 2019),),
    ),
    Person(
        "Featherstonehaugh-Cholmondeley",
        "Maximiliana Wilhelmina Anastasia",
        "F",
        "1968-11-21",
        2,
        Course(
            "wrinkles",
            "moderate",
            ("forehead", "periorbital", "upper_lip"),
            -35,
            -28,
            1,
            "tomas",
            today="signed",
            slot="09:00",
            photographed=True,
        ),
        language="fr",
    ),
    Person(
        "Brandt",
        "Jonas",
        "M",
        "1987-06-30",
        2,
        Course("acne_scars", "grade_2", ("cheeks",), -36, -28, 1, "lena", "boxcar", today="missed", slot="09:00"),
    ),
    Person(
        "Кузнецова-Преображенская",
        "Екатерина Александровна",
        "F",
        "1979-01-17",
        3,
        Course(
            "rejuvenation",
            "standard",
            ("cheeks", "forehead", "neck"),
            -40,
            -28,
            1,
            "amara",
            adjuvants=("peptides",),
            today="in_room",
            slot="10:30",
        ),
    ),
    Person(
        "العبد الله",
        "نور الهدى",
        "F",
        "1994-09-12",
        4,
        Course(
            "dyschromia",
            "pih_uneven_tone",
            ("cheeks", "forehead"),
            -34,
            -28,
            1,
            "lena",
            adjuvants=("tranexamic_acid",),
            today="in_room",
            slot="10:00",
        ),
        preferred="Noor",
        language="ar",
    ),
    Person(
        "Nguyễn",
        "Thị Thanh Tuyền",
        "F",
        "1990-05-25",
        4,
        Course("dyschromia", "pores_texture", ("cheeks", "nose"), -33, -28, 1, "tomas", today="arrived", slot="11:00"),
    ),
    Person(
        "Okonkwo-Delacroix",
        "Chidinma",
        "F",
        "1985-12-02",
        6,
        Course(
            "striae", "albae_mild_moderate", ("thighs",), -50, -42, 1, "lena", today="arrived", slot="11:00", gap_days=42, photographed=True
        ),
    ),
    Person("Kusumawardhani", "", "F", "1996-02-29", 4, Visit(0, "amara", "12:15"), preferred="Wardha"),
    Person(
        "O'Sullivan-Ångström",
        "Niamh",
        "F",
        "1974-04-08",
        1,
        Course("wrinkles", "fine", ("periorbital", "forehead"), -30, -28, 1, "amara", today="booked", slot="14:00"),
    ),
    Person(
        "Łukaszewska-Żółkiewska",
        "Małgorzata",
        "F",
        "1963-07-19",
        2,
        Course("wrinkles", "moderate", ("perioral", "cheeks"), -9, 0, 0, "tomas", today="booked", slot="14:00"),
        language="pl",
    ),
    Person(
        "Adeyemi",
        "Folake",
        "F",
        "1989-10-10",
        6,
        Course(
            "acne_scars", "grade_2", ("cheeks",), -8, 0, 0, "lena", "rolling", adjuvants=("hyaluronic_acid",), today="booked", slot="14:30"
        ),
    ),
    Person("Wu", "Li", "F", "1999-08-08", 3, Visit(0, "tomas", "16:00")),
    Person(
        "Rahman",
        "Nadiya",
        "F",
        "1993-04-03",
        4,
        Course("acne_scars", "grade_1", ("cheeks",), -12, 0, 0, "amara", "rolling", today="booked", slot="15:45"),
    ),
    # Courses under way
    Person(
        "Müller-Lüdenscheidt",
        "Friederike",
        "F",
        "1971-03-22",
        2,
        Course("rejuvenation", "intensive", ("cheeks", "forehead"), -30, -21, 1),
        medicines=(("Levothyroxine 75 micrograms", ""),),
        language="de",
    ),
    Person(
        "de la Cruz Fernández de Córdoba",
        "María del Carmen",
        "F",
        "1958-08-15",
        3,
        Course("wrinkles", "moderate", ("cheeks", "neck"), -27, -20, 1, "tomas"),
        medicines=(("Ramipril 5 mg", ""),),
        language="es",
    ),
    Person(
        "Шевченко",
        "Олена",
        "F",
        "1992-11-30",
        2,
        Course("acne_scars", "grade_3", ("cheeks", "temples"), -26, -19, 1, "amara", "boxcar"),
        language="uk",
    ),
    Person("Þórðardóttir", "Sigríður", "F", "1980-06-17", 1, Course("rejuvenation", "light", ("cheeks",), -25, -18, 1, "lena")),
    Person("Παπαδοπούλου", "Ελένη", "F", "1977-09-09", 3, Course("wrinkles", "fine", ("periorbital", "upper_lip"), -25, -17, 1, "tomas")),
    Person(
        "Hosseini",
        "Maryam",
        "F",
        "1988-01-01",
        4,
        Course("dyschromia", "melasma", ("malar", "forehead"), -24, -16, 1, "amara", adjuvants=("tranexamic_acid",)),
        medicines=(("Cetirizine 10 mg", ""),),
    ),
    Person(
        "Van 't Hoff", "Pieter", "M", "1984-12-24", 2, Course("acne_scars", "grade_4", ("cheeks", "chin"), -24, -15, 1, "lena", "boxcar")
    ),
    Person("Mbeki-Thornton", "Ayanda", "F", "1995-05-05", 5, Course("striae", "rubrae", ("abdomen", "flanks_hips"), -23, -14, 1, "amara")),
    Person("Castellanos", "Ximena", "F", "1998-07-07", 3, Course("acne_scars", "grade_2", FACE, -22, -13, 1, "tomas", "rolling")),
    Person("MacGillycuddy", "Róisín", "F", "1969-02-14", 1, Course("wrinkles", "deep", ("perioral", "cheeks"), -22, -12, 1, "lena")),
    Person(
        "Takahashi", "Emi", "F", "1991-10-19", 3, Course("rejuvenation", "standard", FACE, -21, -11, 1, "amara", adjuvants=("vitamin_c",))
    ),
    Person(
        "Abernathy", "Cole", "M", "1990-04-23", 2, Course("acne_scars", "grade_3", ("back",), -20, -10, 1, "tomas", "rolling", on_paper=1)
    ),
    Person(
        "Šimůnková",
        "Božena",
        "F",
        "1955-03-03",
        2,
        Course("rejuvenation", "standard", ("hands",), -19, -9, 1, "lena"),
        medicines=(("Aspirin 75 mg", ""),),
    ),
    Person("Devereux", "Isolde", "F", "1982-08-28", 2, Course("wrinkles", "fine", ("forehead", "glabella"), -18, -8, 1, "amara")),
    Person(
        "Ramachandran",
        "Lakshmi",
        "F",
        "1986-06-06",
        5,
        Course("dyschromia", "pih_uneven_tone", ("cheeks",), -17, -7, 1, "tomas", adjuvants=("alpha_arbutin",)),
    ),
    Person(
        "Holloway",
        "Bram",
        "M",
        "1993-02-02",
        3,
        Course("acne_scars", "grade_2", ("temples", "cheeks"), -16, -6, 1, "lena", "boxcar", deeper=1),
    ),
    Person(
        "Nakagawa-Silva",
        "Luana",
        "F",
        "1987-11-11",
        3,
        Course("striae", "albae_mild_moderate", ("buttocks", "thighs"), -15, -5, 1, "amara"),
    ),
    Person(
        "Osterhagen",
        "Wiebke",
        "F",
        "1966-01-28",
        2,
        Course("wrinkles", "moderate", ("neck", "decolletage"), -60, -52, 2, "tomas", gap_days=30),
    ),
    Person(
        "Idowu",
        "Temitope",
        "F",
        "1997-09-21",
        6,
        Course("acne_scars", "grade_3", ("cheeks", "forehead"), -62, -54, 2, "lena", "rolling", adverse=2, gap_days=30),
        allergies=(("Latex", "itching", 2021),),
    ),
    Person(
        "Lindqvist", "Åsa", "F", "1976-05-30", 1, Course("rejuvenation", "standard", ("cheeks", "neck"), -58, -50, 2, "amara", gap_days=30)
    ),
    # Courses that are over
    Person(
        "Fontaine",
        "Hélène",
        "F",
        "1962-10-31",
        2,
        Course("rejuvenation", "light", ("cheeks",), -80, -70, 2, "tomas", gap_days=30, booked=False),
    ),
    Person(
        "Beaumont",
        "Odile",
        "F",
        "1973-12-12",
        2,
        Course("wrinkles", "fine", ("periorbital",), -110, -104, 3, "amara", gap_days=30),
        language="fr",
    ),
    Person(
        "Zieliński",
        "Kacper",
        "M",
        "1994-03-16",
        2,
        Course("acne_scars", "grade_2", ("cheeks",), -55, -46, 1, "lena", "rolling", ends="stopped"),
    ),
    Person(
        "Moreau",
        "Clémence",
        "F",
        "1981-07-27",
        3,
        Course("wrinkles", "fine", ("forehead", "periorbital"), -20, None, 0, "amara", ends="superseded"),
    ),
    # Agreed and not booked yet
    Person(
        "Barrowclough", "Edith", "F", "1959-09-29", 2, Course("wrinkles", "moderate", ("perioral",), -3, None, 0, "tomas", booked=False)
    ),
    Person(
        "Achterberg",
        "Joost",
        "M",
        "1989-01-13",
        2,
        Course("acne_scars", "grade_3", ("cheeks", "temples"), -2, None, 0, "lena", "rolling", ends="sent", booked=False),
    ),
    Person("Sato-Whitfield", "Hana", "F", "1992-06-12", 3, Course("rejuvenation", "light", FACE, -1, None, 0, "amara", booked=False)),
    Person(
        "Bianchi",
        "Ginevra",
        "F",
        "1978-04-04",
        3,
        Course("dyschromia", "pores_texture", ("nose", "cheeks"), -4, None, 0, "tomas", booked=False),
    ),
    # Agreed, and the course booked ahead
    Person(
        "Grünwald", "Katharina", "F", "1970-11-05", 2, Course("wrinkles", "moderate", ("cheeks", "chin"), -5, 3, 0, "lena"), language="de"
    ),
    Person("Asante", "Kofi", "M", "1985-08-18", 6, Course("acne_scars", "grade_2", ("cheeks",), -6, 4, 0, "amara", "rolling")),
    Person(
        "Petrov",
        "Andrey",
        "M",
        "1983-02-20",
        2,
        Course("acne_scars", "grade_4", ("cheeks",), -7, 5, 0, "tomas", "boxcar"),
        allergies=(("Penicillin", "hives", 2004),),
    ),
    Person("Whitcombe", "Tabitha", "F", "1996-12-01", 2, Course("striae", "rubrae", ("thighs", "lower_legs"), -4, 6, 0, "amara")),
    # No plan: a stop, a deferral, a draft
    Person(
        "Marchetti",
        "Dario",
        "M",
        "1990-09-03",
        3,
        NoPlan("acne_scars", "grade_3", ("cheeks",), -10, "amara", "boxcar", {"keloid": {"note": "earlobe and chest"}}),
    ),
    Person(
        "Halvorsen",
        "Liv",
        "F",
        "2001-05-17",
        2,
        NoPlan("acne_scars", "grade_3", ("cheeks", "chin"), -6, "tomas", "rolling", {"isotretinoin_recent": {"stopped": -95}}),
        medicines=(("Isotretinoin 20 mg", "-95"),),
    ),
    Person("Quispe Mamani", "Yolanda", "F", "1988-10-26", 4, NoPlan("dyschromia", "melasma", ("malar",), -1, "lena", unasked=True)),
    # Coming for a first look
    Person("Eriksdotter", "Freja", "F", "2000-01-30", 1, Visit(1, "lena")),
    Person("Balogun", "Simisola", "F", "1984-07-15", 6, Visit(2, "amara")),
    Person("Dragomirescu", "Ilinca", "F", "1979-11-08", 3, Visit(3, "tomas")),
    Person("Ng", "Alan", "M", "1991-04-14", None, Visit(5, "amara")),
    Person("Vasquez-Obrador", "Catalina", "F", "1967-06-24", 4, Visit(8, "lena"), language="es"),
    Person("Tremblay", "Océane", "F", "1995-03-31", None, Visit(12, "amara"), language="fr"),
    Person("Haddad", "سليم", "M", "1986-05-09", 4, Visit(20, "tomas")),
    # In the book, nothing arranged
    Person("Ashdown", "Percival", "M", "1949-09-16", 2, None),
    Person("Kahananui", "Leilani", "F", "1993-12-19", 4, None),
    Person("Suryanto", "", "M", "1982-02-11", None, None),
    Person("Winterbourne", "Araminta", "F", "1957-01-23", 1, None),
    Person("Ó Dubhthaigh", "Tadhg", "M", "1998-10-04", 1, None),
)
