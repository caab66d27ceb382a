"""The model package: a folder or zip of weights and a card, checked before a byte of it is used.

Loading runs no code from a package. What may be inside is a closed list; every file's SHA-256 is in
``card.json``; weights are safetensors.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any, Generic, TypeVar

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors import numpy as safetensors_numpy

from osteon.core.files import hash_bytes, write_bytes
from osteon.errors import PackageError
from osteon.models.card import Card, film_set_hash
from osteon.models.card_kinds import card_from_json
from osteon.models.card_text import card_readme
from osteon.models.package_files import check_absent, read_members, zipped

__all__ = [
    "CARD_FILE",
    "WEIGHTS_FILE",
    "ModelPackage",
    "default_package",
    "kept_packages",
    "open_package",
    "write_package",
]

CARD_FILE = "card.json"
WEIGHTS_FILE = "model.safetensors"
README_FILE = "README.md"

Weights = Mapping[str, NDArray[Any]]
C = TypeVar("C", bound=Card, covariant=True)
D = TypeVar("D", bound=Card)


@dataclass(frozen=True, slots=True, eq=False)
class ModelPackage(Generic[C]):
    """A package that passed every check.

    Parameters
    ----------
    card
        What it says about itself.
    weights
        Part name to that part's arrays, names as in the network's ``state_dict``.
    onnx
        Part name to the bytes of its ONNX model, for the parts that have one.
    training_inputs
        SHA-256 of every film, or CT volume, used in training or tuning.
    digest
        SHA-256 of ``card.json``, which holds the hashes of all else: it names the package.
    source
        Where it was read from.
    """

    card: C
    weights: Mapping[str, Weights]
    onnx: Mapping[str, bytes]
    training_inputs: frozenset[str]
    digest: str
    source: Path

    def was_trained_on(self, content_hash: str) -> bool:
        """Whether a film or CT volume (by its SHA-256) was used in training or tuning."""
        return content_hash in self.training_inputs

    def of_kind(self, wanted: type[D]) -> "ModelPackage[D]":
        """Give the package as one of a kind.

        Raises
        ------
        PackageError
            If it is of another.
        """
        card = self.card
        if not isinstance(card, wanted):
            kind = wanted.model_fields["kind"].default
            raise PackageError(
                f"{self.source}: {card.name} {card.version} is a package of kind {card.kind},"
                f" wanted {kind}",
                remedy="osteon package info tells what a package reads",
            )
        return ModelPackage(
            card, self.weights, self.onnx, self.training_inputs, self.digest, self.source
        )


def write_package(
    destination: Path,
    card: D,
    weights: Mapping[str, Weights],
    *,
    training_inputs: tuple[str, ...],
    onnx: Mapping[str, bytes] | None = None,
) -> D:
    """Write a package as a folder, or as a zip when the name ends in ``.zip``.

    Floating-point arrays are stored in the type the card gives for their part. The same arguments
    give the same bytes.

    Parameters
    ----------
    destination
        A new or empty folder, or a new file ``*.zip``.
    card
        The card; its ``files`` and the hash of its inputs are filled in here.
    weights
        Part name to arrays; the parts are those of the card.
    training_inputs
        SHA-256 of every film, or CT volume, used in training or tuning.
    onnx
        Part name to the bytes of an ONNX model.

    Returns
    -------
    Card
        The card as written.

    Raises
    ------
    PackageError
        If parts and card do not fit, or the destination is not empty.
    StorageError
        If it cannot be written.
    """
    onnx = onnx or {}
    if set(weights) != set(card.parts) or not set(onnx) <= set(card.parts):
        raise PackageError(f"weights are of {sorted(weights)}, the card's of {sorted(card.parts)}")
    hashes = tuple(sorted(set(training_inputs)))
    data = card.training_data.changed({"film_hashes_sha256": film_set_hash(hashes)})
    card = card.model_copy(update={"training_data": data, "files": {}})
    content = {
        WEIGHTS_FILE: safetensors_numpy.save(_stored(card, weights)),
        card.inputs_file: _json_bytes(list(hashes)),
        README_FILE: card_readme(card).encode(),
        **{f"{part}.onnx": onnx[part] for part in sorted(onnx)},
    }
    named = {name: hash_bytes(content[name]) for name in sorted(content)}
    card = card.model_copy(update={"files": named})
    content[CARD_FILE] = _json_bytes(card.resolved())
    check_absent(destination)
    if destination.suffix == ".zip":
        write_bytes(destination, zipped(content))
    else:
        for name in sorted(content, key=lambda name: name == CARD_FILE):  # the card last
            write_bytes(destination / name, content[name])
    return card


def open_package(path: Path) -> ModelPackage[Card]:
    """Read a package and check it.

    Raises
    ------
    PackageError
        If a file is missing, extra, not regular, has the wrong hash, climbs out of the zip, is or
        looks like a pickle; if the card is not a card or of no known kind, the weights are not
        those it describes, or its preprocessing is not this version's.
    """
    content = read_members(path)
    if CARD_FILE not in content:
        raise PackageError(f"{path}: no {CARD_FILE}, so this is not a model package")
    raw = content.pop(CARD_FILE)
    card = card_from_json(_parsed(raw, f"{path}: {CARD_FILE}"), source=str(path))
    _check_files(path, card, content)
    _check_versions(path, card)
    inputs = _inputs(path, card, content)
    return ModelPackage(
        card=card,
        weights=_weights(path, card, content[WEIGHTS_FILE]),
        onnx={part: content[f"{part}.onnx"] for part in card.parts if f"{part}.onnx" in content},
        training_inputs=inputs,
        digest=hash_bytes(raw),
        source=path,
    )


def kept_packages() -> tuple[Path, ...]:
    """Folders of the packages that come with Osteon, by name."""
    folder = Path(str(files("osteon.models"))) / "kept"
    return tuple(sorted(path.parent for path in folder.glob(f"*/{CARD_FILE}")))


def default_package(recipe: str = "hip_fracture") -> Path:
    """Folder of the package that comes with Osteon for a recipe.

    Raises
    ------
    PackageError
        If none does.
    """
    for path in kept_packages():
        if json.loads((path / CARD_FILE).read_text("utf-8")).get("recipe") == recipe:
            return path
    raise PackageError(
        f"no model for {recipe} comes with this installation",
        remedy="name one with --model, or make one with 'osteon package build'",
    )


def _stored(card: Card, weights: Mapping[str, Weights]) -> dict[str, NDArray[Any]]:
    arrays: dict[str, NDArray[Any]] = {}
    for part, named in weights.items():
        for name, array in named.items():
            value = np.array(array, order="C")  # keeps arrays of no dimension
            if np.issubdtype(value.dtype, np.floating):
                with np.errstate(over="ignore"):
                    value = value.astype(card.parts[part].dtype)
                if not np.isfinite(value).all():
                    raise PackageError(
                        f"{part}.{name} is not finite as {card.parts[part].dtype}",
                        remedy="store this part as float32",
                    )
            arrays[f"{part}.{name}"] = value
    return arrays


def _json_bytes(value: Any) -> bytes:
    return (json.dumps(value, indent=1, ensure_ascii=False, allow_nan=False) + "\n").encode()


def _parsed(raw: bytes, where: str) -> Any:
    try:
        return json.loads(raw)
    except (UnicodeDecodeError, json.JSONDecodeError, RecursionError) as error:
        raise PackageError(f"{where} is not JSON: {error}") from error


def _check_files(path: Path, card: Card, content: Mapping[str, bytes]) -> None:
    needed = {WEIGHTS_FILE, card.inputs_file, README_FILE}
    allowed = needed | {f"{part}.onnx" for part in card.parts}
    if extra := sorted(set(content) - set(card.files)) + sorted(set(card.files) - allowed):
        raise PackageError(f"{path}: {extra[0]} does not belong in a package")
    if missing := sorted((needed | set(card.files)) - set(content)):
        raise PackageError(f"{path}: {missing[0]} is missing", remedy="get the package again")
    for name, data in content.items():
        if (found := hash_bytes(data)) != card.files[name]:
            raise PackageError(
                f"{path}: {name} has hash {found[:12]}…, the card says {card.files[name][:12]}…",
                remedy="the file was changed or damaged: get the package again",
            )


def _check_versions(path: Path, card: Card) -> None:
    for what, (got, wanted) in card.versions().items():
        if got != wanted:
            raise PackageError(
                f"{path}: was trained with {what} version {got}, this is version {wanted}",
                remedy="train it again with this version, or install the version it was made with"
                f" (osteon {card.osteon_version})",
            )


def _inputs(path: Path, card: Card, content: Mapping[str, bytes]) -> frozenset[str]:
    name = card.inputs_file
    hashes = _parsed(content[name], f"{path}: {name}")
    if not isinstance(hashes, list) or not all(isinstance(item, str) for item in hashes):
        raise PackageError(f"{path}: {name} is not a list of hashes")
    if film_set_hash(tuple(hashes)) != card.training_data.film_hashes_sha256:
        raise PackageError(f"{path}: {name} is not the list the card was made with")
    return frozenset(hashes)


def _weights(path: Path, card: Card, data: bytes) -> dict[str, dict[str, NDArray[Any]]]:
    try:
        arrays = safetensors_numpy.load(data)
    except (SafetensorError, ValueError, KeyError) as error:
        raise PackageError(f"{path}: {WEIGHTS_FILE} is not safetensors: {error}") from error
    parts: dict[str, dict[str, NDArray[Any]]] = {part: {} for part in card.parts}
    for name, array in arrays.items():
        part, _, inner = name.partition(".")
        if part not in parts or not inner:
            raise PackageError(f"{path}: weight {name} is of no part of the card")
        parts[part][inner] = array
    if empty := [part for part, named in parts.items() if not named]:
        raise PackageError(f"{path}: part {empty[0]} has no weights")
    return parts
