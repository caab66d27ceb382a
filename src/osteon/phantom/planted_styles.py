"""Ways of planting print: as the finder of print was fitted to, and another it never saw.

The two share no font, tone, name or place; sizes overlap, and the second goes beyond. What the
finder is good for is told by the second.
"""

from dataclasses import dataclass, field

__all__ = ["FITTED", "HELD_OUT", "STYLES", "PrintStyle"]


@dataclass(frozen=True, slots=True)
class PrintStyle:
    """What is written, and how it looks.

    Parameters
    ----------
    name
        Of the style.
    faces
        Fonts by the name of their file: those that come with matplotlib, else those the system
        has; ``""`` is Pillow's own, ``"bitmap"`` its bitmap font, enlarged. Those that are absent
        are not drawn.
    size_px
        Smallest and largest size of the font in pixels; sizes are drawn evenly by their logarithm.
    tones
        Shares of the range of tones, in [0, 1], drawn evenly.
    margins
        Bands of the film, as first and last share of its height, one of which holds a line with
        the probability ``margin_share``; else it stands anywhere.
    family, given, places
        Names, and who sends a film.
    patterns
        Lines: ``{family}``, ``{given}``, ``{place}``, ``{initials}``, ``{number}``, ``{day:02d}``,
        ``{month:02d}``, ``{year}``.
    """

    name: str
    faces: tuple[str, ...]
    size_px: tuple[int, int]
    tones: tuple[float, ...]
    margins: tuple[tuple[float, float], ...]
    margin_share: float
    family: tuple[str, ...] = field(repr=False)
    given: tuple[str, ...] = field(repr=False)
    places: tuple[str, ...] = field(repr=False)
    patterns: tuple[str, ...] = field(repr=False)


FITTED = PrintStyle(
    name="as fitted",
    faces=(
        "", "DejaVuSans", "DejaVuSans-Bold", "DejaVuSerif", "DejaVuSansMono", "cmss10",
        "STIXGeneral", "STIXGeneralBol",
    ),
    size_px=(12, 80),
    tones=(1.0, 1.0, 0.0, 0.85, 0.6, 0.3),
    margins=((0.02, 0.15), (0.82, 0.92)),
    margin_share=0.7,
    family=("DOE", "Müller", "NAKAMURA", "Okonkwo", "SMITH-JONES", "Garcia", "LI", "VAN DIJK"),
    given=("JOHN", "Anna", "Yuki", "CHIDI", "Maria", "WEI", "Pieter", "Zoë"),
    places=("St. Elsewhere Hospital", "CITY CLINIC", "Dr. Weber", "RADIOLOGIE NORD"),
    patterns=(
        "{family} {given}", "{family}^{given}", "{day:02d}.{month:02d}.{year}",
        "{year}-{month:02d}-{day:02d}", "ID {number}",
        "{family}, {given} *{day:02d}/{month:02d}/{year}", "{place}", "Acc A{number}", "{initials}",
    ),
)  # fmt: skip

HELD_OUT = PrintStyle(
    name="held out",
    faces=(
        "bitmap", "cmtt10", "cmr10", "cmb10", "DejaVuSerif-BoldItalic",
        "DejaVuSansMono-BoldOblique", "STIXGeneralBolIta", "LiberationSans-Regular",
        "LiberationSans-Bold", "LiberationSansNarrow-Regular", "LiberationMono-Regular",
        "LiberationSerif-Regular",
    ),
    size_px=(10, 110),
    tones=(0.97, 0.92, 0.75, 0.5, 0.2, 0.06),
    margins=((0.2, 0.34), (0.45, 0.6), (0.66, 0.8)),
    margin_share=0.6,
    family=(
        "Kowalczyk", "O'BRIEN", "THOMPSON", "Fernández", "ZHOU", "Björklund", "ABEBE", "Hughes",
    ),
    given=("Grace", "IVAN", "Fatima", "Bertil", "QUENTIN", "Xiu", "Desta", "VERA"),
    places=("Mercy General", "INSTITUT FÜR RÖNTGEN", "Dr. Quigley", "KLINIK AM PARK", "Ward 7B"),
    patterns=(
        "{family}, {given}", "{given} {family}", "DOB {month:02d}/{day:02d}/{year}",
        "{day:02d}/{month:02d}/{year} {month:02d}:{day:02d}", "MRN {number}",
        "Pat.-Nr. {number}-{day}",
        "{year}{month:02d}{day:02d}", "{place}", "#{number}", "{initials}",
    ),
)  # fmt: skip

STYLES = {style.name: style for style in (FITTED, HELD_OUT)}
