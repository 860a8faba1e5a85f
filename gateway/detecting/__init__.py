"""What the watch reads, to symptoms: finders. Pure.

    a record of the journal ── take ──┐
    how far the watch has read ─ tick ┴─> symptoms ──> incidents

What a finder is given it takes as it comes: what cannot be used is counted, and nothing is raised. The time is that of what was read.
"""
