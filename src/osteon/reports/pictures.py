"""Every figure of an evaluation, in the order of a page."""

from osteon.reports.calibration_figure import calibration_figure
from osteon.reports.curve_figures import (
    binary_roc,
    class_roc,
    own_threshold_roc,
    threshold_figure,
)
from osteon.reports.figure import Figure
from osteon.reports.other_figures import confusion_figures, iou_figure, subgroup_figure
from osteon.reports.records import Evaluation

__all__ = ["evaluation_figures"]


def evaluation_figures(evaluation: Evaluation) -> tuple[Figure, ...]:
    """Draw what there is to draw."""
    figures = (
        binary_roc(evaluation),
        calibration_figure(evaluation),
        *confusion_figures(evaluation),
        class_roc(evaluation),
        own_threshold_roc(evaluation),
        threshold_figure(evaluation),
        iou_figure(evaluation),
        subgroup_figure(evaluation),
    )
    return tuple(figure for figure in figures if figure is not None)
