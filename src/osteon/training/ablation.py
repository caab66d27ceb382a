"""What each part of the classifier is worth: the design of Krogue et al. 2020, Tables E1 and E2.

E1 leaves out each augmentation and the attention in turn, E2 compares architectures, and a third
table compares image sizes (the paper tried 224, 500 and 1,000 pixels). The paper's own values are
not in the public text. Every variant is a training in a folder of its own, so a run that was
stopped goes on where it was.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch

from osteon.core.labels import LabelSet
from osteon.core.manifest import Manifest
from osteon.core.records import Estimate
from osteon.core.rng import generator
from osteon.core.schemas import CASES, SPLITS
from osteon.models.checkpoint import load_checkpoint
from osteon.statistics.bootstrap import whole_patient
from osteon.statistics.proportion import proportion_replicates
from osteon.statistics.roc import auroc_replicates
from osteon.training.augmentation import VARIATIONS
from osteon.training.classification import logits_of, plain_crops, train_classifier
from osteon.training.films import load_hips
from osteon.training.run import MANIFEST_NAME
from osteon.training.settings import ClassifierTraining
from osteon.training.subsets import PixelLoader
from osteon.training.task import FitResult

__all__ = ["Variant", "ablate", "design"]

_JUDGED = ("tuning", "internal_test")
_ARCHITECTURES = {
    "paper": ("densenet169", "vgg19", "inception_v3", "inception_resnet_v2"),
    "demo": ("resnet10_w32", "resnet10_w16", "resnet10_w48", "resnet18"),
}
_SIZES_PX = {"paper": (224, 500, 1000), "demo": (64, 128, 192)}


@dataclass(frozen=True, slots=True)
class Variant:
    """One row of a table: its name, and what it changes in the training."""

    table: str
    name: str
    changes: Mapping[str, Any]

    @property
    def folder_name(self) -> str:
        """Name of its folder."""
        return f"{self.table}-{self.name}".replace(" ", "-").replace("_", "-")


def design(base: ClassifierTraining, *, is_small: bool) -> tuple[Variant, ...]:
    """List the variants of the three tables.

    Parameters
    ----------
    base
        The full training, the first row of every table.
    is_small
        Small architectures and sizes instead of the paper's.

    Examples
    --------
    >>> [v.name for v in design(ClassifierTraining(), is_small=False) if v.table == "E2"]
    ['densenet169', 'vgg19', 'inception_v3', 'inception_resnet_v2']
    """
    size = "demo" if is_small else "paper"
    augmentations = [
        Variant("E1", f"without {name}", {"fit": {"augmentation": {name: False}}})
        for name in VARIATIONS
        if name in base.fit.augmentation.switched_on
    ]
    attention = [Variant("E1", "without attention", {"model": {"squeeze_excitation": False}})]
    none = {"fit": {"augmentation": dict.fromkeys(VARIATIONS, False)}}
    return (
        Variant("E1", "full", {}),
        *augmentations,
        Variant("E1", "without any", none),
        *(attention if base.model.squeeze_excitation else []),
        *(Variant("E2", name, {"model": {"encoder": name}}) for name in _ARCHITECTURES[size]),
        *(
            Variant("size", f"{side} px", {"model": {"image_size_px": side}})
            for side in _SIZES_PX[size]
        ),
    )


def ablate(
    tables: tuple[pd.DataFrame, pd.DataFrame],
    cache: PixelLoader,
    base: ClassifierTraining,
    variants: Sequence[Variant],
    label_set: LabelSet,
    folder: Path,
    seed: int,
    fold: int = 0,
) -> Iterator[pd.DataFrame]:
    """Train and judge every variant; gives the table so far after each.

    Parameters
    ----------
    tables
        Cases and splits.
    cache
        Prepared films.
    base
        The training that variants change.
    variants
        From :func:`design`.
    label_set
        Classes and which of them count as a fracture.
    folder
        Gets one folder per distinct training.
    seed
        The same for all variants.
    fold
        Which split.

    Returns
    -------
    Iterator of DataFrame
        One row per variant and subset (tuning, internal test): six-class accuracy, binary accuracy
        and area under the ROC curve of the summed fracture probability, each with the 95% interval
        of a bootstrap over whole patients.
    """
    cases, splits = CASES.checked(tables[0]), SPLITS.checked(tables[1])
    rows: list[dict[str, Any]] = []
    done: dict[str, Path] = {}
    for variant in variants:
        training = base.changed(variant.changes)
        name = str(training.resolved())  # "full" of E1 is a row of the other tables too
        place = done.setdefault(name, folder / variant.folder_name)
        result = train_classifier(
            cases, splits, cache, training.model, training.fit, place, seed, fold
        )
        for subset in _JUDGED:
            patients = splits.loc[
                (splits["fold"] == fold) & (splits["subset"] == subset), "patient_id"
            ]
            part = cases[cases["patient_id"].isin(patients)]
            if len(part):
                judged = _judged(part, cache, training, place, label_set, seed)
                rows.append(_row(variant, training, place, result, subset, judged))
        yield pd.DataFrame(rows)


def _judged(
    cases: pd.DataFrame,
    cache: PixelLoader,
    training: ClassifierTraining,
    place: Path,
    label_set: LabelSet,
    seed: int,
) -> dict[str, Any]:
    model, _ = load_checkpoint(place)
    hips = load_hips(cases, cache, training.model.image_size_px, training.fit.box_growth)
    images = plain_crops(hips, training.model, training.fit.box_growth)
    with torch.inference_mode():
        probabilities = logits_of(model, images, torch.device("cpu")).softmax(dim=1).numpy()
    by_case = cases.set_index("case_id")
    patients = [str(by_case.loc[hip.case_id, "patient_id"]) for hip in hips]
    classes = training.model.classes
    labels = np.array([classes.index(hip.label) for hip in hips])
    positive = [classes.index(name) for name in classes if name in label_set.positive]
    is_fracture = np.isin(labels, positive)
    score = probabilities[:, positive].sum(axis=1)
    rng = generator(seed, "ablation bootstrap")
    boot = partial(whole_patient, cluster=patients, rng=rng)
    right = probabilities.argmax(axis=1) == labels
    return {
        "hips": len(hips),
        "patients": len(set(patients)),
        **_limits("accuracy", boot(_share, right)),
        **_limits("binary_accuracy", boot(_share, (score >= 0.5) == is_fracture)),
        **_limits("auroc", boot(auroc_replicates, is_fracture, score)),
    }


def _share(right: Any, *, weights: Any) -> Any:
    return proportion_replicates(right, weights=weights)


def _limits(name: str, estimate: Estimate) -> dict[str, float]:
    return {name: estimate.value, f"{name}_low": estimate.low, f"{name}_high": estimate.high}


def _row(
    variant: Variant,
    training: ClassifierTraining,
    place: Path,
    result: FitResult,
    subset: str,
    judged: Mapping[str, Any],
) -> dict[str, Any]:
    model, _ = load_checkpoint(place)
    return {
        "table": variant.table,
        "variant": variant.name,
        "encoder": training.model.encoder,
        "image_size_px": training.model.image_size_px,
        "weights": sum(weight.numel() for weight in model.parameters()),
        "best_epoch": result.best_epoch + 1,
        "training_s": round(float(Manifest.read(place / MANIFEST_NAME)["wall_time_s"]), 1),
        "subset": subset,
        **judged,
    }
