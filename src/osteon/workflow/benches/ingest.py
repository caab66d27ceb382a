"""Files per second into the table of instances, against one process with pydicom."""

import hashlib
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from pydicom import dcmread
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.filebase import DicomBytesIO
from pydicom.filewriter import dcmwrite
from pydicom.sequence import Sequence as DicomSequence
from pydicom.uid import ExplicitVRLittleEndian

from osteon.core.rng import generator
from osteon.core.schemas import INSTANCES
from osteon.core.tables import read_table
from osteon.dicom.clean import clean_row
from osteon.dicom.headers import needed_tags, texts_of
from osteon.sources.ingest import ingest
from osteon.sources.walk import walk
from osteon.workflow.bench import BenchResult, BenchSettings, measure

__all__ = ["run", "write_films"]

_FILES, _ROWS, _COLUMNS = 2000, 512, 512
_TINY_FILES = 500_000
_ROOT = "1.2.826.0.1.3680043.10.1433"
_SOP = f"{_ROOT}.3.100000000"


def run(settings: BenchSettings) -> Sequence[BenchResult]:
    """Build films of half a megabyte, read them by both, compare rows and times.

    The files are in the file system's cache for both sides. Our time holds everything that the
    command does: walking, starting the processes, the journal, duplicates, the three tables.
    """
    count = max(20, round(_FILES * settings.scale))
    films = settings.folder / "films"
    size = write_films(films, count)
    ours, peers = [], []
    for repeat in range(settings.repeats):
        peers.append(measure(_peer, films, settings.folder / "peer.parquet"))
        study = settings.folder / f"study-{repeat}"
        ours.append(measure(_ours, films, study, settings.workers))
    is_equal = _are_equal(settings.folder / "peer.parquet", study / "tables/instances.parquet")
    best, peer = min(item.seconds for item in ours), min(item.seconds for item in peers)
    return [
        BenchResult(
            what=f"{count} films of {size / 1e6:.2f} MB, header and SHA-256",
            value=count / best,
            unit="files/s",
            peer="pydicom, one process",
            peer_value=count / peer,
            peak_mib=max(item.peak_mib for item in ours),
            peer_peak_mib=max(item.peak_mib for item in peers),
            remark="rows equal" if is_equal else "ROWS DIFFER",
        ),
        BenchResult(
            what=f"the same {count} films again, nothing to do",
            value=min(measure(_ours, films, study, settings.workers).seconds for _ in range(2)),
            unit="s",
        ),
        _many_files(settings),
    ]


def _many_files(settings: BenchSettings) -> BenchResult:
    """Walk a tree of tiny files that are no DICOM, and a quarter of it: memory is to be flat."""
    count = max(400, round(_TINY_FILES * settings.scale))
    measured = []
    for number in (count // 4, count):
        folder = settings.folder / f"tiny-{number}"
        for index in range(number):
            place = folder / f"{index // 1000:04d}"
            if index % 1000 == 0:
                place.mkdir(parents=True)
            (place / f"{index}.txt").write_bytes(b"a letter")
        study = settings.folder / f"tiny-study-{number}"
        measured.append(measure(_ours, folder, study, settings.workers))
    few, many = measured
    return BenchResult(
        what=f"{count} files of 8 bytes, each refused with its reason",
        value=count / many.seconds,
        unit="files/s",
        peak_mib=many.peak_mib,
        remark=f"{few.peak_mib:.0f} MiB for a quarter of them",
    )


def _ours(films: Path, study: Path, workers: int | None) -> int:
    return ingest([films], study, workers=workers).instances


def _peer(films: Path, table: Path) -> int:
    """Make the same rows as one would with pydicom alone."""
    tags = needed_tags()
    rows = []
    for entry in walk([films]):
        dataset = dcmread(entry.path, stop_before_pixels=True, specific_tags=tags)
        row, _ = clean_row(texts_of(dataset))
        with open(entry.path, "rb") as stream:
            row["content_hash"] = hashlib.file_digest(stream, "sha256").hexdigest()
        row |= {"path": entry.path, "archive_member": None, "size_bytes": entry.size_bytes}
        rows.append(row)
    pq.write_table(pa.Table.from_pylist(rows, schema=INSTANCES.arrow()), table)
    return len(rows)


def _are_equal(peer: Path, ours: Path) -> bool:
    first, second = (
        read_table(INSTANCES, path).sort_values("sop_instance_uid").reset_index(drop=True)
        for path in (peer, ours)
    )
    return first.equals(second)


def write_films(folder: Path, count: int) -> int:
    """Write films that differ in identity and pixels; returns the bytes of one."""
    folder.mkdir(parents=True)
    template = _template()
    pixels_at = len(template) - _ROWS * _COLUMNS * 2
    noise = generator(1, "bench", "ingest")
    for index in range(count):
        number = f"{100_000_000 + index}".encode()
        head = template[:pixels_at].replace(_SOP.encode(), _SOP[:-9].encode() + number)
        head = head.replace(b"PAT00000", b"PAT" + f"{index // 3:05d}".encode())
        pixels = noise.bytes(_ROWS * _COLUMNS * 2)
        sub = folder / f"{index // 500:03d}"
        sub.mkdir(exist_ok=True)
        (sub / f"IM{index:06d}").write_bytes(head + pixels)
    return len(template)


def _template() -> bytes:
    dataset = _film()
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID = dataset.SOPClassUID
    meta.MediaStorageSOPInstanceUID = dataset.SOPInstanceUID
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    dataset.file_meta = meta
    stream = DicomBytesIO()
    dcmwrite(stream, dataset, enforce_file_format=True)
    return bytes(stream.getvalue())


def _film() -> Dataset:
    """Build a digital radiograph with about as many elements as vendors write."""
    film = Dataset()
    texts = {
        "SpecificCharacterSet": "ISO_IR 100", "ImageType": ["ORIGINAL", "PRIMARY", ""],
        "SOPClassUID": "1.2.840.10008.5.1.4.1.1.1.1", "SOPInstanceUID": _SOP,
        "StudyDate": "20200304", "SeriesDate": "20200304", "AcquisitionDate": "20200304",
        "ContentDate": "20200304", "StudyTime": "101112.123", "SeriesTime": "101112.123",
        "AcquisitionTime": "101113.000", "ContentTime": "101114.000", "AccessionNumber": "A1",
        "Modality": "DX", "PresentationIntentType": "FOR PRESENTATION",
        "Manufacturer": "Maker of X-ray Systems", "InstitutionName": "Hospital",
        "InstitutionAddress": "Street 1", "ReferringPhysicianName": "Ref^Erring",
        "StationName": "DX1", "StudyDescription": "PELVIS AP", "SeriesDescription": "Pelvis",
        "InstitutionalDepartmentName": "Radiology", "OperatorsName": "Op^Erator",
        "ManufacturerModelName": "Detector 9", "PatientName": "Synthetic^Patient",
        "PatientID": "PAT00000", "PatientBirthDate": "19400101", "PatientSex": "F",
        "PatientAge": "080Y", "BodyPartExamined": "PELVIS", "KVP": "75",
        "DeviceSerialNumber": "12345", "SoftwareVersions": ["1.0", "2.0"],
        "ProtocolName": "Pelvis AP", "DistanceSourceToDetector": "1150", "ExposureTime": "30",
        "XRayTubeCurrent": "400", "Exposure": "12", "FilterType": "NONE",
        "ImagerPixelSpacing": ["0.2", "0.2"], "Grid": "FOCUSED", "FocalSpots": "1.2",
        "ViewPosition": "AP", "StudyInstanceUID": f"{_ROOT}.1.1",
        "SeriesInstanceUID": f"{_ROOT}.2.1", "StudyID": "1", "SeriesNumber": "1",
        "AcquisitionNumber": "1", "InstanceNumber": "1", "PatientOrientation": ["L", "F"],
        "Laterality": "", "ImageLaterality": "U", "ImageComments": "none",
        "PhotometricInterpretation": "MONOCHROME2", "PixelSpacing": ["0.19", "0.19"],
        "BurnedInAnnotation": "NO", "WindowCenter": "2048", "WindowWidth": "4096",
        "RescaleIntercept": "0", "RescaleSlope": "1", "RescaleType": "US",
        "LossyImageCompression": "00", "PerformedProcedureStepID": "P1",
        "PresentationLUTShape": "IDENTITY", "ContrastBolusAgent": "",
    }  # fmt: skip
    numbers = {
        "SamplesPerPixel": 1, "Rows": _ROWS, "Columns": _COLUMNS, "BitsAllocated": 16,
        "BitsStored": 12, "HighBit": 11, "PixelRepresentation": 0,
    }  # fmt: skip
    for keyword, value in (texts | numbers).items():
        setattr(film, keyword, value)
    code = Dataset()
    code.CodeValue, code.CodingSchemeDesignator, code.CodeMeaning = "1", "99X", "Pelvis"
    reference = Dataset()
    reference.ReferencedSOPClassUID = "1.2.840.10008.3.1.2.3.3"
    reference.ReferencedSOPInstanceUID = f"{_ROOT}.9"
    for keyword, item in {
        "ReferencedPerformedProcedureStepSequence": reference, "AnatomicRegionSequence": code,
        "ViewCodeSequence": code, "ProcedureCodeSequence": code,
    }.items():  # fmt: skip
        setattr(film, keyword, DicomSequence([item]))
        film[keyword].is_undefined_length = True
    private = film.private_block(0x0019, "MAKER 1.0", create=True)
    for element in range(1, 25):
        private.add_new(element, "LO", f"value {element}")
    film.add_new(0x7FE00010, "OW", np.zeros((_ROWS, _COLUMNS), np.uint16).tobytes())
    return film
