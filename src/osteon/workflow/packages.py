"""Where a study's model package goes."""

from pathlib import Path

from osteon.workflow.context import Context
from osteon.workflow.radiograph import radiograph_settings

__all__ = ["package_folder"]


def package_folder(context: Context) -> Path:
    """Name the package's folder after its name and version."""
    settings = radiograph_settings(context)
    return context.study.folder / "models" / f"{settings.model_name}-{settings.model_version}"
