"""What day it is, for chat templates that tell it to the model: always the same one.

The same conversation must have the same tokens when a run is resumed, and when a version is probed, on another day.
"""

from __future__ import annotations

from datetime import date

CLOCK = "strftime_now"
# The day that Llama 3's template tells where there is no clock.
TOLD_DAY = date(2024, 7, 26)
FORMS = ("%d", "%m", "%y", "%Y", "%b", "%B", "%a", "%A", "%j", "%H", "%M", "%S")


def with_told_day(template: str) -> str:
    """The template with a clock of its own; unchanged when it does not ask for the day."""
    if CLOCK not in template:
        return template
    told = "".join(f" | replace('{form}', '{TOLD_DAY.strftime(form)}')" for form in FORMS)
    return f"{{% macro {CLOCK}(form) %}}{{{{ form{told} }}}}{{% endmacro %}}{template}"
