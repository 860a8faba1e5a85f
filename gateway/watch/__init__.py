"""The watch: what is made of the journal off the path, in a process of its own.

    journal ── tailing (by offset) ── worker ── row ──> store (a row for each exchange, with how far the journal was read, at once)
                                                    ──> outbox ── telling: spans, events, measures ── otlp ──> a collector

                                                    ──> drifting ── observe ── roster (of detectors.series) ── bulletin ──> policies
                                                    ──> biasing ── observe ── disparities (of detectors.series) ──┘│
                                                               ── probe_plan ── probing ── probe_http ──> endpoints ┘

    servers' pages of metrics ── scraping ── exposition ──> samples ── intake ── series ──> points ──> observers
    the spool of received telemetry ── spool ──> samples, spans, lines of logs ──┘

The path never waits for it. It may die at any moment and go on where the store says that it was: what was read is kept together with the
place up to which it was read, so that nothing is lost and nothing is kept twice. What a collector is sent is sent at least once.
"""
