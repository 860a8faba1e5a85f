"""Incidents: what people on call hear, once, with its evidence.

    anomalies, burnt budgets, states ── symptom ──> triage: stages (mute, again, group), one incident ── incident.advance ──> events
    events ── actions (by what the settings allow: allowed) ── policies.measures ──> the path, which does it for a time
    events ── notice ── routing ── outbox (order, patience, dead letters) ── notify/<a channel> ── sending, mailing ──> who is on call

All of it is pure but ``sending`` and ``mailing``; what time it is, is an argument, and is the time of what was read.
"""
