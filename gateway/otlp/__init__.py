"""Telemetry that applications send: received, redacted by policy, and sent on to a collector, all by OTLP over HTTP.

    bytes ─ wire.otlp.exports ─> message ─ wire.otlp.units ─> texts, unit by unit
          ─ guard.telemetry ─> what may go on ─ telemetry.journal (one record) ─ forwarding ─> a collector
                                                                              ─ observing ─ spool ─> the watch

It has a port of its own, and its own engine of the kind that ``proxy`` has.
"""
