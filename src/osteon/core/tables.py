"""The tables of a study folder: what their columns are, checked on writing and on reading."""

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from osteon.core.files import atomic_path
from osteon.core.records import Exclusion
from osteon.errors import TableError

__all__ = [
    "BOX_COLUMNS",
    "CASES",
    "EXCLUSIONS",
    "INSTANCES",
    "LABELS",
    "PREDICTIONS",
    "SCHEMAS",
    "SPLITS",
    "SUBSETS",
    "Column",
    "Kind",
    "Schema",
    "exclusion_rows",
    "read_table",
    "write_table",
]

Kind = Literal["text", "integer", "number", "boolean"]
_ARROW = {"text": pa.string(), "integer": pa.int64(), "number": pa.float64(), "boolean": pa.bool_()}
_PANDAS = {"text": "string", "integer": "Int64", "number": "Float64", "boolean": "boolean"}

SUBSETS = ("training", "tuning", "internal_test", "external_test")
BOX_COLUMNS = ("x_min_px", "y_min_px", "x_max_px", "y_max_px")


@dataclass(frozen=True, slots=True)
class Column:
    """One column: its name (with its unit), kind, meaning, and whether it may be empty."""

    name: str
    kind: Kind
    meaning: str
    required: bool = False
    allowed: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True)
class Schema:
    """A table's columns in order, and the columns that together name a row.

    ``is_open`` schemas keep further columns at the end (clinical variables, predictions).
    """

    name: str
    columns: tuple[Column, ...]
    key: tuple[str, ...]
    is_open: bool = False

    @property
    def names(self) -> tuple[str, ...]:
        """Column names in order."""
        return tuple(column.name for column in self.columns)

    def empty(self) -> pd.DataFrame:
        """Make a table of no rows."""
        return self.checked(pd.DataFrame({name: [] for name in self.names}))

    def arrow(self) -> pa.Schema:
        """Give the columns as an Arrow schema, for tables written in pieces."""
        return pa.schema([(column.name, _ARROW[column.kind]) for column in self.columns])

    def checked(self, frame: pd.DataFrame) -> pd.DataFrame:
        """Order and convert the columns of a table.

        Raises
        ------
        TableError
            If a column is missing, unknown (closed schemas) or holds a value not allowed, or two
            rows have one key; the message names the first offender.
        """
        self._check_columns(frame)
        extra = [name for name in frame.columns if name not in self.names]
        result = frame.loc[:, [*self.names, *extra]].copy()
        for column in self.columns:
            result[column.name] = self._converted(result[column.name], column)
            self._check_values(result[column.name], column)
        self._check_key(result)
        return result.reset_index(drop=True)

    def _check_columns(self, frame: pd.DataFrame) -> None:
        if missing := [name for name in self.names if name not in frame.columns]:
            raise TableError(f"table {self.name}: column {missing[0]} is missing")
        unknown = [name for name in frame.columns if name not in self.names]
        if unknown and not self.is_open:
            raise TableError(
                f"table {self.name}: column {unknown[0]} is unknown, wanted {', '.join(self.names)}"
            )

    def _converted(self, values: "pd.Series[Any]", column: Column) -> "pd.Series[Any]":
        try:
            return values.astype(_PANDAS[column.kind])  # type: ignore[call-overload, no-any-return]
        except (TypeError, ValueError) as error:
            raise TableError(
                f"table {self.name}: column {column.name} is not all {column.kind}: {error}"
            ) from error

    def _check_values(self, values: "pd.Series[Any]", column: Column) -> None:
        if column.required and bool(values.isna().any()):
            row = int(values.isna().to_numpy().argmax())
            raise TableError(f"table {self.name}: column {column.name} is empty in row {row}")
        if column.allowed is not None:
            wrong = values[values.notna() & ~values.isin(column.allowed)]
            if len(wrong):
                raise TableError(
                    f"table {self.name}: column {column.name} is {wrong.iloc[0]!r},"
                    f" wanted one of {', '.join(column.allowed)}"
                )

    def _check_key(self, frame: pd.DataFrame) -> None:
        repeated = frame.duplicated(list(self.key))
        if bool(repeated.any()):
            row = frame.loc[repeated, list(self.key)].iloc[0].to_dict()
            raise TableError(f"table {self.name}: two rows have the key {row}")


def write_table(frame: pd.DataFrame, schema: Schema, path: Path) -> pd.DataFrame:
    """Check a table and write it as Parquet, whole or not at all; give back what was written."""
    checked = schema.checked(frame)
    with atomic_path(path) as temporary:
        checked.to_parquet(temporary, index=False)
    return checked


def read_table(schema: Schema, path: Path) -> pd.DataFrame:
    """Read a Parquet table and check it.

    Raises
    ------
    TableError
        If the file is absent, is not Parquet, or does not fit the schema.
    """
    if not path.exists():
        raise TableError(
            f"table {schema.name} is not at {path}", remedy="run the stage that makes it"
        )
    try:
        frame = pq.read_table(path).to_pandas()
    except (pa.ArrowInvalid, OSError) as error:
        raise TableError(f"table {schema.name} at {path} cannot be read: {error}") from error
    return schema.checked(frame)


def exclusion_rows(exclusions: Iterable[Exclusion]) -> pd.DataFrame:
    """Turn exclusions into their table."""
    rows: Sequence[dict[str, object]] = [asdict(item) for item in exclusions]
    return EXCLUSIONS.checked(pd.DataFrame(rows, columns=list(EXCLUSIONS.names)))


INSTANCES = Schema(
    name="instances",
    key=("sop_instance_uid",),
    columns=(
        Column("sop_instance_uid", "text", "SOP Instance UID (0008,0018)", required=True),
        Column("sop_class_uid", "text", "SOP Class UID (0008,0016)", required=True),
        Column("series_instance_uid", "text", "Series Instance UID (0020,000E)"),
        Column("study_instance_uid", "text", "Study Instance UID (0020,000D)"),
        Column("patient_id", "text", "Patient ID (0010,0020)"),
        Column("accession_number", "text", "Accession Number (0008,0050)"),
        Column("modality", "text", "Modality (0008,0060)"),
        Column("body_part_examined", "text", "Body Part Examined (0018,0015)"),
        Column("view_position", "text", "View Position (0018,5101)"),
        Column("laterality", "text", "Image Laterality (0020,0062), else Laterality (0020,0060)"),
        Column("patient_sex", "text", "Patient's Sex (0010,0040)"),
        Column("patient_age_years", "number", "Patient's Age (0010,1010), else from the dates"),
        Column("study_date", "text", "Study Date (0008,0020), YYYYMMDD"),
        Column("acquisition_date", "text", "Acquisition Date (0008,0022), YYYYMMDD"),
        Column("acquisition_time", "text", "Acquisition Time (0008,0032), HHMMSS"),
        Column("manufacturer", "text", "Manufacturer (0008,0070)"),
        Column("manufacturer_model_name", "text", "Manufacturer's Model Name (0008,1090)"),
        Column("institution_name", "text", "Institution Name (0008,0080)"),
        Column("station_name", "text", "Station Name (0008,1010)"),
        Column("study_description", "text", "Study Description (0008,1030)"),
        Column("series_description", "text", "Series Description (0008,103E)"),
        Column("image_type", "text", "Image Type (0008,0008), values joined by a backslash"),
        Column("presentation_intent_type", "text", "Presentation Intent Type (0008,0068)"),
        Column("instance_number", "integer", "Instance Number (0020,0013)"),
        Column("rows", "integer", "Rows (0028,0010)"),
        Column("columns", "integer", "Columns (0028,0011)"),
        Column("number_of_frames", "integer", "Number of Frames (0028,0008), 1 when absent"),
        Column("samples_per_pixel", "integer", "Samples per Pixel (0028,0002)"),
        Column("bits_allocated", "integer", "Bits Allocated (0028,0100)"),
        Column("bits_stored", "integer", "Bits Stored (0028,0101)"),
        Column("photometric_interpretation", "text", "Photometric Interpretation (0028,0004)"),
        Column("pixel_spacing_row_mm", "number", "Pixel Spacing (0028,0030), between rows"),
        Column("pixel_spacing_column_mm", "number", "Pixel Spacing (0028,0030), between columns"),
        Column("imager_pixel_spacing_row_mm", "number", "Imager Pixel Spacing (0018,1164), rows"),
        Column("imager_pixel_spacing_column_mm", "number", "Imager Pixel Spacing, columns"),
        Column("burned_in_annotation", "text", "Burned In Annotation (0028,0301)"),
        Column("transfer_syntax_uid", "text", "Transfer Syntax UID (0002,0010)"),
        Column("path", "text", "Path of the file or archive, absolute", required=True),
        Column("archive_member", "text", "Name inside the archive, empty for plain files"),
        Column("size_bytes", "integer", "Size of the DICOM file", required=True),
        Column("content_hash", "text", "SHA-256 of the DICOM file", required=True),
    ),
)

EXCLUSIONS = Schema(
    name="exclusions",
    key=("level", "key", "stage", "reason"),
    columns=(
        Column("level", "text", "What was left out", True, ("file", "image", "hip", "patient")),
        Column("key", "text", "Path, UID, case id or patient id", required=True),
        Column("stage", "text", "Stage that left it out", required=True),
        Column("reason", "text", "Stable code, snake_case", required=True),
        Column("detail", "text", "One sentence for a person", required=True),
    ),
)

LABELS = Schema(
    name="labels",
    key=("sop_instance_uid", "laterality", "annotator"),
    is_open=True,
    columns=(
        Column("sop_instance_uid", "text", "Film the box is on", required=True),
        Column("laterality", "text", "Side of the patient's hip", True, ("L", "R")),
        Column("x_min_px", "number", "Left edge in the stored image", required=True),
        Column("y_min_px", "number", "Upper edge in the stored image", required=True),
        Column("x_max_px", "number", "Right edge in the stored image", required=True),
        Column("y_max_px", "number", "Lower edge in the stored image", required=True),
        Column("label", "text", "Class, from the recipe's label set", required=True),
        Column(
            "label_source",
            "text",
            "What the label rests on: film, ct, mri, operation, phantom",
            True,
        ),
        Column("annotator", "text", "Who drew it; 'phantom' for synthetic truth", required=True),
    ),
)

CASES = Schema(
    name="cases",
    key=("case_id",),
    is_open=True,
    columns=(
        Column("case_id", "text", "'<sop_instance_uid>:<laterality>', one hip on one film", True),
        Column("patient_id", "text", "Patient", required=True),
        Column("study_instance_uid", "text", "Imaging study"),
        Column("accession_number", "text", "Accession"),
        Column("sop_instance_uid", "text", "Film", required=True),
        Column("laterality", "text", "Side of the patient", True, ("L", "R")),
        Column("view_position", "text", "View"),
        Column("x_min_px", "number", "Left edge of the reference box", required=True),
        Column("y_min_px", "number", "Upper edge of the reference box", required=True),
        Column("x_max_px", "number", "Right edge of the reference box", required=True),
        Column("y_max_px", "number", "Lower edge of the reference box", required=True),
        Column("label", "text", "Reference-standard class", required=True),
        Column("label_source", "text", "What the label rests on", required=True),
        Column("patient_sex", "text", "F, M or O"),
        Column("patient_age_years", "number", "Age at imaging"),
        Column("manufacturer", "text", "Manufacturer"),
        Column("manufacturer_model_name", "text", "Model"),
        Column("institution_name", "text", "Site"),
        Column("study_date", "text", "YYYYMMDD"),
        Column("content_hash", "text", "SHA-256 of the film's file", required=True),
        Column("path", "text", "Path of the file or archive", required=True),
        Column("archive_member", "text", "Name inside the archive"),
    ),
)

SPLITS = Schema(
    name="splits",
    key=("patient_id", "fold"),
    columns=(
        Column("patient_id", "text", "Patient: all films and hips go together", required=True),
        Column("fold", "integer", "Fold, 0 when there is one split", required=True),
        Column("subset", "text", "Where the patient is", True, SUBSETS),
    ),
)

PREDICTIONS = Schema(
    name="predictions",
    key=("case_id", "fold", "box_source"),
    is_open=True,  # one column probability_<class> for every class of the label set
    columns=(
        Column("case_id", "text", "Case, as in the table of cases", required=True),
        Column("patient_id", "text", "Patient", required=True),
        Column("sop_instance_uid", "text", "Film", required=True),
        Column("laterality", "text", "Side of the patient", True, ("L", "R")),
        Column("subset", "text", "Where the patient is", True, SUBSETS),
        Column("fold", "integer", "Fold, 0 when there is one split", required=True),
        Column("box_source", "text", "Whose box was classified", True, ("manual", "automatic")),
        Column("x_min_px", "number", "Left edge of the box used; empty when the hip was missed"),
        Column("y_min_px", "number", "Upper edge"),
        Column("x_max_px", "number", "Right edge"),
        Column("y_max_px", "number", "Lower edge"),
        Column("detection_score", "number", "Detector's score in [0, 1]; empty for manual boxes"),
        Column("iou", "number", "IoU with the reference box in [0, 1]; empty when missed"),
        Column("label", "text", "Reference-standard class", required=True),
        Column("predicted_label", "text", "Class with the highest probability; empty when missed"),
        Column("probability_fracture", "number", "Sum over the fracture classes, calibrated"),
    ),
)

SCHEMAS = {
    schema.name: schema for schema in (INSTANCES, EXCLUSIONS, LABELS, CASES, SPLITS, PREDICTIONS)
}
