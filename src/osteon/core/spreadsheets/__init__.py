"""Tables that people keep: CSV in its dialects and Excel, read in one way for every verb.

Nothing is guessed in silence: an encoding that is not known is noticed, a delimiter that is
ambiguous refused, a row with more cells than the header said, merged cells named.
"""

from osteon.core.spreadsheets.cells import NumberError, read_date, read_number
from osteon.core.spreadsheets.frames import packaged_table, text_frame, typed_frame
from osteon.core.spreadsheets.reading import (
    open_raw_sheet,
    open_sheet,
    read_raw_sheet,
    read_sheet,
)
from osteon.core.spreadsheets.record import (
    Decimal,
    FaultyCell,
    RawRow,
    RawSheet,
    Sheet,
    SheetLayout,
    SheetRow,
)
from osteon.core.spreadsheets.workbook import is_workbook
from osteon.core.spreadsheets.writing import write_sheet

__all__ = [
    "Decimal",
    "FaultyCell",
    "NumberError",
    "RawRow",
    "RawSheet",
    "Sheet",
    "SheetLayout",
    "SheetRow",
    "is_workbook",
    "open_raw_sheet",
    "open_sheet",
    "packaged_table",
    "read_date",
    "read_number",
    "read_raw_sheet",
    "read_sheet",
    "text_frame",
    "typed_frame",
    "write_sheet",
]
