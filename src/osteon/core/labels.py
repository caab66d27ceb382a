"""Label sets: which classes there are, how they group, and how they are written."""

from dataclasses import dataclass
from typing import Literal

from osteon.core.spelling import nearest_name, plain_name

__all__ = ["HIP_CLASSES", "LabelSet"]


@dataclass(frozen=True, slots=True)
class LabelSet:
    """A closed set of classes in a fixed order.

    Parameters
    ----------
    name
        Name of the scale.
    classes
        Class names in the order of the model's outputs, all different.
    positive
        The classes that count as positive in the binary question.
    titles
        How each class is written for a reader, in the order of ``classes``.
    scale
        ``nominal`` or ``ordinal``.

    Raises
    ------
    ValueError
        If classes repeat, titles do not pair with them, or a positive class is unknown.
    """

    name: str
    classes: tuple[str, ...]
    positive: frozenset[str]
    titles: tuple[str, ...]
    scale: Literal["nominal", "ordinal"] = "nominal"

    def __post_init__(self) -> None:
        if len(set(self.classes)) != len(self.classes) or len(self.classes) < 2:
            raise ValueError(f"label set {self.name}: wanted two or more different classes")
        if len(self.titles) != len(self.classes):
            raise ValueError(f"label set {self.name}: {len(self.titles)} titles for its classes")
        if unknown := self.positive - set(self.classes):
            raise ValueError(f"label set {self.name}: positive classes {sorted(unknown)} unknown")

    def __len__(self) -> int:
        return len(self.classes)

    def index(self, label: str) -> int:
        """Position of a class in the model's output.

        Raises
        ------
        ValueError
            If the class is not in the set; the message lists those that are.
        """
        try:
            return self.classes.index(label)
        except ValueError:
            raise ValueError(
                f"class {label!r} is not in {self.name}: wanted one of {', '.join(self.classes)}"
            ) from None

    def find(self, text: str) -> str | None:
        """Give the class a person meant: by name or title, whatever the case and hyphens.

        Examples
        --------
        >>> HIP_CLASSES.find("Displaced femoral-neck")
        'displaced_femoral_neck'
        """
        spellings = {plain_name(self.title(name)): name for name in self.classes}
        spellings |= {plain_name(name): name for name in self.classes}
        return spellings.get(plain_name(text))

    def nearest(self, text: str) -> str:
        """Give the class most like a text, to be suggested."""
        return self.find(nearest_name(text, (*self.classes, *self.titles))) or self.classes[0]

    def title(self, label: str) -> str:
        """How a class is written for a reader."""
        return self.titles[self.index(label)]

    @property
    def positive_indices(self) -> tuple[int, ...]:
        """Positions of the positive classes."""
        return tuple(i for i, name in enumerate(self.classes) if name in self.positive)


HIP_CLASSES = LabelSet(
    name="hip fracture, six classes (Krogue et al. 2020, doi 10.1148/ryai.2020190023)",
    classes=(
        "no_fracture",
        "displaced_femoral_neck",
        "nondisplaced_femoral_neck",
        "intertrochanteric",
        "internal_fixation",
        "arthroplasty",
    ),
    positive=frozenset(
        {"displaced_femoral_neck", "nondisplaced_femoral_neck", "intertrochanteric"}
    ),
    titles=(
        "No fracture",
        "Displaced femoral neck",
        "Nondisplaced femoral neck",
        "Intertrochanteric",
        "Internal fixation",
        "Arthroplasty",
    ),
)
