"""What is predicted: the time to the next fracture, with death competing."""

from osteon.workflow.recipe import TimeToEvent

__all__ = ["TARGET"]

TARGET = TimeToEvent(
    event="subsequent fragility fracture",
    competing="death",
    horizons_days=(730.0, 1095.0, 1825.0),
)
