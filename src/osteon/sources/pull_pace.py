"""How hard an archive may be asked: at night, not too often, and not while somebody says pause."""

import re
import time
from collections.abc import Callable
from datetime import datetime
from datetime import time as day_time
from pathlib import Path

from pydantic import Field, field_validator

from osteon.core.progress import say
from osteon.core.settings import Settings

__all__ = ["Pace", "PaceSettings"]

_HOURS = re.compile(r"([01]\d|2[0-3]):([0-5]\d)-([01]\d|2[0-3]):([0-5]\d)")
_LOOK_AGAIN_S = 30.0


class PaceSettings(Settings):
    """How an archive is spared.

    Parameters
    ----------
    requests_per_minute
        Searches and series fetched, at most.
    hours
        When to ask, in local time, e.g. ``19:00-06:00``; empty for always. A series that has
        begun is fetched to its end.
    attempts
        How often a request that fails in passing is tried.
    back_off_s
        Wait before the second attempt; twice as long before each further one.
    longest_wait_s
        Longest wait before an attempt.
    """

    requests_per_minute: float = Field(60.0, gt=0)
    hours: str = ""
    attempts: int = Field(4, ge=1)
    back_off_s: float = Field(2.0, ge=0)
    longest_wait_s: float = Field(300.0, ge=0)

    @field_validator("hours")
    @classmethod
    def _check_hours(cls, value: str) -> str:
        if value and not _HOURS.fullmatch(value):
            raise ValueError("wanted HH:MM-HH:MM")
        return value

    def is_open(self, now: datetime) -> bool:
        """Whether it may be asked at this time of the day."""
        match = _HOURS.fullmatch(self.hours)
        if match is None:
            return True
        first, last = (day_time(int(match[i]), int(match[i + 1])) for i in (1, 3))
        clock = now.time()
        return first <= clock < last if first < last else clock >= first or clock < last

    def wait_before(self, attempt: int) -> float:
        """Seconds to wait before an attempt; the first is 1."""
        if attempt < 2:
            return 0.0
        return float(min(self.back_off_s * 2.0 ** (attempt - 2), self.longest_wait_s))


class Pace:
    """Keep to the settings.

    Parameters
    ----------
    settings
        How the archive is spared.
    pause_file
        While this file exists, nothing is asked.
    now, clock, sleep
        The time of the day, seconds that only rise, and waiting.
    """

    def __init__(
        self,
        settings: PaceSettings,
        pause_file: Path,
        *,
        now: Callable[[], datetime] = datetime.now,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self.settings = settings
        self._pause_file = pause_file
        self._now, self._clock, self._sleep = now, clock, sleep
        self._next = -float("inf")

    def wait_for_turn(self) -> None:
        """Wait until the next request may be made."""
        self._wait_while(lambda: not self.settings.is_open(self._now()),
                         f"outside {self.settings.hours}: waiting")  # fmt: skip
        self._wait_while(self._pause_file.exists, f"paused while {self._pause_file} exists")
        if (early := self._next - self._clock()) > 0:
            self._sleep(early)
        self._next = self._clock() + 60.0 / self.settings.requests_per_minute

    def wait(self, seconds: float) -> None:
        """Wait before another attempt, at most as long as the settings allow."""
        if seconds > 0:
            self._sleep(min(seconds, self.settings.longest_wait_s))

    def _wait_while(self, is_closed: Callable[[], bool], message: str) -> None:
        if is_closed():
            say(message)
        while is_closed():
            self._sleep(_LOOK_AGAIN_S)
