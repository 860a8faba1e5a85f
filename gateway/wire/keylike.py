"""Keys that were pasted where a name belongs: known by the beginnings that their makers give them, which no model's name has."""

import re

_KEY = re.compile(
    r"""(?<![A-Za-z0-9])
    (?: (?:sk|pk|rk|whsec|glpat|xox[a-z]|xapp|shpat|dop_v1)[-_][A-Za-z0-9_-]{8,}
      | (?:gh[a-z]|github_pat|hf|npm|r8)_[A-Za-z0-9_]{16,}
      | (?:AKIA|ASIA|AIza|eyJ|SG\.)[A-Za-z0-9_.-]{8,} )""",
    re.VERBOSE,
)


def looks_like_key(name: str) -> bool:
    return _KEY.search(name) is not None
