"""Optional libraries: present, or a one-line remedy."""

from importlib import import_module
from importlib.util import find_spec
from types import ModuleType

from osteon.errors import MissingExtraError

__all__ = ["EXTRAS", "is_installed", "require"]

EXTRAS = {
    "torch": "models",
    "torchvision": "models",
    "timm": "models",
    "accelerate": "models",
    "safetensors": "models",
    "onnx": "models",
    "onnxruntime": "models",
    "SimpleITK": "ct",
    "pynetdicom": "service",
    "highdicom": "service",
    "hl7": "hospital",
    "requests": "hospital",
    "python_multipart": "hospital",
    "fastapi": "room",
    "uvicorn": "room",
    "sqlalchemy": "room",
    "alembic": "room",
    "dask": "cluster",
    "openvino": "openvino",
    "rapidocr_onnxruntime": "ocr",
}


def is_installed(module: str) -> bool:
    """Whether a library can be found, without importing it."""
    return find_spec(module) is not None


def require(module: str, *, purpose: str) -> ModuleType:
    """Import an optional library, or say how to get it.

    Raises
    ------
    MissingExtraError
        If it is not installed, or a library of the system that it needs is not; the remedy says
        which.
    """
    if not is_installed(module.partition(".")[0]):
        extra = EXTRAS.get(module.partition(".")[0])
        wanted = f"osteon[{extra}]" if extra else module
        raise MissingExtraError(
            f"{purpose} needs {module}, which is not installed", remedy=f"pip install '{wanted}'"
        )
    try:
        return import_module(module)
    except ImportError as error:  # e.g. OpenCV without libGL
        raise MissingExtraError(
            f"{purpose} needs {module}, which cannot be loaded: {error}",
            remedy="install the system's library that the message names",
        ) from error
