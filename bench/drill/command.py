"""``python -m bench drill``: the faults, then the quiet hours."""

import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from bench.drill.report import figures, line, print_quiet, print_summary
from bench.drill.running import drill as run
from bench.drill.running import plan
from bench.drill.simulated import HOURS, quiet_hours
from bench.drill.site import SiteError


def drill(names: Sequence[str], lanes: int, seed: int, folder: Path | None, *, is_quick: bool) -> dict[str, Any]:
    """Ends the process where a fault is not known, or a site does not start."""
    try:
        sample, judged = run(plan(names, is_quick=is_quick, lanes=lanes, seed=seed), lambda each: print(line(each), flush=True), folder)
    except (ValueError, SiteError) as error:
        sys.exit(str(error))
    told = figures(judged)
    print_summary(told)
    quiet = quiet_hours(sample, seed, 4.0 if is_quick else HOURS)
    print_quiet(quiet)
    return {"drill": told, "quiet": asdict(quiet)}
