"""The watch: what is made of the journal off the path, in a process of its own.

    journal ── tailing (by offset) ── worker ── row ──> store (a row for each exchange, with how far the journal was read, at once)
                                                    ──> otel: outbox ── telling: spans, events, measures ── collector ──> a collector

                                                    ──> drift: drifting ── observe ── roster (of detectors.series) ── bulletin ──> policies
                                                    ──> bias: biasing ── observe ── disparities (of detectors.series) ──┘│
                                                               ── probes: plan ── probing ── client ──> endpoints ┘
                                                    ──> finding ──> finders (``gateway.detecting``) ──> ``gateway.incidents``

    sources: servers' pages of metrics ── scraping ── exposition ──> samples ── intake ── series ──> points ──> observers
             the spool of received telemetry ── spool ──> samples, spans, lines of logs ──┘

The path never waits for it. It may die at any moment and go on where the store says that it was: what was read is kept together with the
place up to which it was read, so that nothing is lost and nothing is kept twice. What a collector is sent is sent at least once.
"""
