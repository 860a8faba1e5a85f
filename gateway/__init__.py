"""The gateway acts: it stands between applications and LLM endpoints, and is the only place with I/O.

    bytes ─ proxy.server ─ wire.routes ─ wire.dialect ─> Request (segments: text, scope, place)
          ─ guard.request ─ policies.decide ─> what may go upstream, byte for byte if nothing was edited
          ─ proxy.routing ─ proxy.upstream ─> bytes
          ─ wire.dialect ─> Event (deltas: channel, text, place)                 a whole answer is a stream of one event
          ─ guard.response ─ guard.holdback ─> Release | Refuse                  restore, hold back, guard
          ─ guard.render ─ telemetry.journal (one record) ─> the last byte

    wire/       pure: bytes to the canonical model and back; ``routes`` says which dialect serves which path. ``openai/`` and
                ``anthropic/`` have a file for each API; what they share is ``surface``, ``sse_answer``, ``rows``, ``*_texts``;
                ``generic_json`` is what the settings describe
    guard/      pure: what may pass, and when; asks for slow detectors by ``needs`` and is fed by ``settle``
    telemetry/  the record of an exchange, its ``likeness``, the journal it is written to, with its chain and its audit, the metrics
    proxy/      I/O: one exchange in ``handler``, its way back in ``answering``; HTTP engines behind the seam of ``http``; the scan pool;
                the policies in force in ``inforce``, with ``rollouts`` and ``lastgood``
    otlp/       I/O: applications' own telemetry, received, redacted, sent on and put by; ``receiver`` puts it together
    watch/      off the path, a process beside it: what is made of the journal; ``watcher`` puts it together, ``shown`` shows it,
                or ``watch_side``, where there is no gateway. What is made of servers' metrics and of received telemetry: ``sourcing`` and
                ``shown_sources``; what is told of the traffic as a whole, and policies read: ``drift`` and ``bias`` (with ``probes``),
                shown by ``shown_signals`` and ``shown_bias``; what people on call hear: ``oncall``, around one ``desk``, or
                ``handing``, where another watch tells them
    detecting/  pure: what the watch reads, to symptoms: finders for exchanges, their steps, states, and what others send (``received``)
    incidents/  what people on call hear, once: ``triage`` makes incidents of anomalies, ``notify/`` has a file for each channel; pure but
                ``sending`` and ``mailing``. ``rootcause`` ranks hints at why; ``actions`` says what is done, which ``proxy.measures`` does
                What the settings say of channels: ``alerts``; what others see and ask: ``shown_incidents``, ``incident_pages``
    workers/    I/O: several processes that serve behind one port, and how they are asked; ``supervisor`` puts them together
    storage/    what outlives an exchange: placeholders in memory or a Redis, exchanges in SQLite, PostgreSQL or ClickHouse
    demo/       a small simulated endpoint
    cli/        one command a file
    app.py      the composition root: knows every part, reads the clock, makes keys and ids
    keyfile.py  the gateway's secret key
    prices.py   what exchanges cost, by the table beside it
    config/     the settings, with ``surfaces``; read by ``settings``, and held to each other by ``agreement``
    errors.py   the errors, each with its stable code

Importing anything here starts nothing, and loads no detector's libraries: those come when a policy that needs them is built.
"""
