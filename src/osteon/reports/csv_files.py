"""Tables as CSV, the same text on every machine."""

import pandas as pd

__all__ = ["csv_text"]


def csv_text(frame: pd.DataFrame) -> str:
    """Write a table as CSV: Unix line ends, numbers with nine significant digits."""
    return frame.to_csv(index=False, float_format="%.9g", lineterminator="\n")
