"""Transfer syntaxes of pixel data and the packages that decode them, best first.

Nothing here depends on GPL code: pylibjpeg-libjpeg is never used. 12-bit JPEG Extended, which
pydicom's plug-ins refuse, goes to imagecodecs, and so does JPEG lossless. python-gdcm is not used
either: a damaged JPEG makes it end the whole process. The first package that is installed decides:
another one is never tried after a failure, because decoders differ in what damage they pass over.
"""

from dataclasses import dataclass
from importlib.util import find_spec
from typing import Final

from pydicom.uid import UID

__all__ = ["SYNTAXES", "Syntax", "decoder_table", "is_installed"]

_MODULES = {
    "pydicom": "pydicom",
    "pylibjpeg-openjpeg": "openjpeg",
    "pyjpegls": "jpeg_ls",
    "imagecodecs": "imagecodecs",
    "pillow": "PIL",
}


@dataclass(frozen=True, slots=True)
class Syntax:
    """A transfer syntax and the packages that decode it, best first."""

    uid: str
    decoders: tuple[str, ...]

    @property
    def name(self) -> str:
        """The name in PS3.6."""
        return UID(self.uid).name


SYNTAXES: Final = tuple(
    Syntax(f"1.2.840.10008.1.2{tail}", decoders)
    for tail, decoders in (
        ("", ("pydicom",)),
        (".1", ("pydicom",)),
        (".1.99", ("pydicom",)),
        (".2", ("pydicom",)),
        (".5", ("pydicom",)),
        (".4.50", ("pillow", "imagecodecs")),
        (".4.51", ("imagecodecs",)),
        (".4.57", ("imagecodecs",)),
        (".4.70", ("imagecodecs",)),
        (".4.80", ("pyjpegls", "imagecodecs")),
        (".4.81", ("pyjpegls", "imagecodecs")),
        (".4.90", ("pylibjpeg-openjpeg", "imagecodecs")),
        (".4.91", ("pylibjpeg-openjpeg", "imagecodecs")),
        (".4.201", ("pylibjpeg-openjpeg", "imagecodecs")),
        (".4.202", ("pylibjpeg-openjpeg", "imagecodecs")),
        (".4.203", ("pylibjpeg-openjpeg", "imagecodecs")),
    )
)


def decoder_table() -> tuple[tuple[str, str, str, bool], ...]:
    """List ``(name, uid, decoder, available)`` for every transfer syntax, first choice only.

    Examples
    --------
    >>> {name: available for name, uid, decoder, available in decoder_table()}["RLE Lossless"]
    True
    """
    rows = []
    for syntax in SYNTAXES:
        installed = [name for name in syntax.decoders if is_installed(name)]
        decoder = installed[0] if installed else syntax.decoders[0]
        rows.append((syntax.name, syntax.uid, decoder, bool(installed)))
    return tuple(rows)


def is_installed(decoder: str) -> bool:
    """Whether a decoder's package can be found, without importing it."""
    return find_spec(_MODULES[decoder]) is not None
