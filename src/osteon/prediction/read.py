"""Read films with a model package: one file in, one record out, whatever the file is."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset

from osteon.cohort.volume_nifti import is_nifti
from osteon.core.files import hash_bytes
from osteon.core.geometry import Laterality
from osteon.core.settings import Settings
from osteon.dicom.frames import FrameAttributes
from osteon.dicom.open import parse_instance, read_bytes
from osteon.errors import DecodeError, DicomError
from osteon.models.card import Card
from osteon.models.card_classifier import ClassifierCard
from osteon.models.detector import HipDetection
from osteon.models.gate_spec import GateSpec
from osteon.models.hip_size import hip_size_mm
from osteon.models.package import ModelPackage
from osteon.pixels.quality import assess, assess_header
from osteon.pixels.radiograph import Radiograph
from osteon.pixels.render import render
from osteon.pixels.resample import fit_within, spacing_after
from osteon.prediction.explain import explain_hip
from osteon.prediction.gate import GateDecision, GateNote, ask_gate, decide
from osteon.prediction.kept_readings import trouble
from osteon.prediction.networks import Networks, gate_from_package, networks_from_package
from osteon.prediction.reading import FilmReading, HipReading, Note, gate_json, hip_reading
from osteon.prediction.runtime import Runner, RuntimeName
from osteon.prediction.search import FoundHips, Search

__all__ = ["FilmReader", "ReadFilm", "ReadSettings"]

_VOLUME = Note(
    "volume_not_film",
    "NIfTI holds volumes, and this package reads films: CTs are for a package of survival networks",
)


class ReadSettings(Settings):
    """How films are read.

    Parameters
    ----------
    heat_maps
        Make a heat map for each hip.
    search
        How the detector looks at a film, see :func:`osteon.prediction.locate.locate`.
    """

    heat_maps: bool = True
    search: Search = "windows"


@dataclass(frozen=True, slots=True, eq=False)
class ReadFilm:
    """A reading with what pictures are made from.

    Parameters
    ----------
    reading
        The record.
    grey
        float32 (rows, columns) of the stored image in [0, 1]; ``None`` when it has no pixels.
    heat
        Laterality to heat map, float32 of the same shape, in [0, 1].
    """

    reading: FilmReading
    grey: NDArray[np.float32] | None = None
    heat: dict[str, NDArray[np.float32]] | None = None


class FilmReader:
    """Reads films with the networks, thresholds and calibration of one package.

    Parameters
    ----------
    package
        An opened package of a classifier.
    runtime
        Where its networks run. Heat maps need gradients and always run in torch.
    device
        For torch.
    settings
        What to make.

    Raises
    ------
    PackageError
        If the package is of another kind, or its networks cannot be built.
    """

    def __init__(
        self,
        package: ModelPackage[Card],
        *,
        runtime: RuntimeName = "torch",
        device: str = "cpu",
        settings: ReadSettings | None = None,
    ) -> None:
        self.package = package.of_kind(ClassifierCard)
        self.settings = settings or ReadSettings()
        self.networks: Networks = networks_from_package(
            self.package, runtime=runtime, device=device
        )
        self.gate: tuple[Runner, GateSpec] | None = gate_from_package(
            self.package, runtime=runtime, device=device
        )

    def read(self, path: Path) -> ReadFilm:
        """Read one file; whatever is wrong with it becomes a reason, never an exception."""
        if is_nifti(path):
            return ReadFilm(FilmReading(str(path), "refused", (_VOLUME,)))
        try:
            data = read_bytes(path)
            return self._read(path, data, hash_bytes(data))
        except Exception as error:  # one odd file must not stop the others
            return ReadFilm(FilmReading(str(path), "unreadable", (trouble(error, path),)))

    def _read(self, path: Path, data: bytes, content_hash: str) -> ReadFilm:
        ds = parse_instance(data, str(path))
        reading = FilmReading(
            source=str(path),
            status="unreadable",
            content_hash=content_hash,
            sop_instance_uid=FrameAttributes(ds).text("SOPInstanceUID"),
        )
        header = decide(assess_header(ds), None)
        if impossible := [note for note in header.reasons if note.code != "not_a_hip"]:
            return ReadFilm(replace(reading, status="refused", reasons=_notes(impossible)))
        try:
            film = render(ds)
        except DecodeError as error:
            return ReadFilm(replace(reading, reasons=(Note("cannot_decode", error.message),)))
        except DicomError as error:
            return ReadFilm(replace(reading, reasons=(Note("cannot_render", error.message),)))
        reading = replace(
            reading,
            rows=film.shape[0],
            columns=film.shape[1],
            pixel_spacing_mm=film.pixel_spacing_mm,
            rendering=film.steps,
        )
        small, factor = fit_within(film.grey, self.package.card.preprocessing.film_side_px)
        return self._judged(reading, ds, film, small, factor)

    def _judged(
        self,
        reading: FilmReading,
        ds: Dataset,
        film: Radiograph,
        small: NDArray[np.float32],
        factor: float,
    ) -> ReadFilm:
        decision = self._decide(ds, film, small)
        reading = replace(
            reading,
            view=decision.view,
            gate=gate_json(decision),
            reasons=_notes(decision.reasons),
            flags=(
                *self._trained_on(reading.content_hash),
                *_notes(decision.flags),
            ),
        )
        if not decision.accepted:
            return ReadFilm(replace(reading, status="refused"), film.grey)
        spacing = spacing_after(film.pixel_spacing_mm, factor)
        (found,) = self.networks.find([small], [spacing], search=self.settings.search)
        hips, heat = self._hips(found.hips, small, factor, film.shape)
        reading = replace(reading, flags=(*reading.flags, *self._not_found(found, spacing)))
        return ReadFilm(replace(reading, status="read", hips=hips), film.grey, heat)

    def _not_found(
        self, found: FoundHips, spacing_mm: tuple[float, float] | None
    ) -> Iterator[Note]:
        if not found.hips:
            yield Note("no_hip_found", "the detector found no proximal femur on this film")
        spec = self.networks.detector_spec
        if spacing_mm is None or spec is None:
            return
        for box in found.too_large:
            yield Note(
                "too_large_for_a_hip",
                f"what was taken for the {box.laterality.name.lower()} hip measures"
                f" {hip_size_mm(box.box, spacing_mm):.0f} mm by the film's pixel spacing; hips that"
                f" were trained on reach {spec.largest_hip_mm:.0f} mm",
            )

    def _decide(self, ds: Dataset, film: Radiograph, small: NDArray[np.float32]) -> GateDecision:
        answer = None if self.gate is None else ask_gate([small], *self.gate)[0]
        return decide(assess(ds, film), answer, self.package.card.gate_thresholds)

    def _trained_on(self, content_hash: str) -> Sequence[Note]:
        if not self.package.was_trained_on(content_hash):
            return ()
        return (
            Note(
                "trained_on",
                "this very film was used to train or tune the model: the reading proves nothing",
            ),
        )

    def _hips(
        self,
        found: Sequence[HipDetection],
        small: NDArray[np.float32],
        factor: float,
        shape: tuple[int, int],
    ) -> tuple[tuple[HipReading, ...], dict[str, NDArray[np.float32]]]:
        readings: list[HipReading] = []
        heat: dict[str, NDArray[np.float32]] = {}
        for detection in sorted(found, key=lambda item: str(item.laterality), reverse=True):
            crop = self.networks.crop(small, detection.box, detection.laterality)
            views = self.networks.views(small, detection.box, detection.laterality)
            logits = self.networks.mean_logits(views)
            box = detection.box.scaled(1 / factor)
            reading = hip_reading(detection, box, logits, self.package.card)
            readings.append(reading)
            if self.settings.heat_maps:
                heat[reading.laterality] = self._heat(crop, reading, shape)
        return tuple(readings), heat

    def _heat(
        self, crop: NDArray[np.float32], reading: HipReading, shape: tuple[int, int]
    ) -> NDArray[np.float32]:
        """Heat map in the grid of the stored image."""
        side = Laterality(reading.laterality)
        return explain_hip(self.networks, crop, reading.box, side, reading.heat_map_of, shape)


def _notes(found: Sequence[GateNote]) -> tuple[Note, ...]:
    return tuple(Note(item.code, item.detail) for item in found)
