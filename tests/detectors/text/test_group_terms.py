"""The word list."""

import re

import pytest

from detectors.text.group_terms import AXES, NONE, WRITTEN_ONLY, Axis

ROLES = {"subject", "object", "possessive", "own", "adjective", "noun", "person", "word"}


@pytest.mark.parametrize("axis", AXES, ids=lambda axis: axis.name)
def test_table(axis: Axis):
    """Every line has a known role and forms for each group; every expression of facts is one."""
    for row in axis.rows:
        assert row.role in ROLES
        assert len(row.forms) == len(axis.groups), row
        assert all(form for forms in row.forms for form in forms), row
    for fact in axis.facts:
        re.compile(fact)


@pytest.mark.parametrize("axis", AXES, ids=lambda axis: axis.name)
def test_one_group_a_form(axis: Axis):
    """No form stands for two groups; and in one role it stands in one line."""
    seen: dict[tuple[str, str], tuple[int, int]] = {}
    groups: dict[str, str] = {}
    for at, row in enumerate(axis.rows):
        for group, forms in zip(axis.groups, row.forms, strict=True):
            for form in forms:
                if form != NONE and not form.startswith(WRITTEN_ONLY):
                    assert groups.setdefault(form.lower(), group) == group, form
                    assert seen.setdefault((row.role, form.lower()), (at, 0)) == (at, 0), form
