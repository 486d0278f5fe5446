"""Imports and calculates once what every daemon needs late; its many children then need not."""

import alembic.command
import alembic.config
import alembic.script

from config.model import CalendarFile
from intake.demo_scenario import ZONE, moment
from notifier.calendar import Calendar

#: Makes the calendar of the year.
_WORKING = Calendar(CalendarFile(), ZONE).is_working(moment(17, 9).date())
