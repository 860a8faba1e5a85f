"""The gateway acts: it stands between applications and LLM endpoints, and is the only place with I/O.

    bytes ─ proxy.server ─ wire.dialect ─> Request (segments: text, scope, place)
          ─ guard.request ─ policies.decide ─> what may go upstream, byte for byte if nothing was edited
          ─ proxy.routing ─ proxy.upstream ─> bytes
          ─ wire.sse ─ wire.dialect ─> Event (deltas: channel, text, place)      a whole answer is a stream of one event
          ─ guard.response ─ guard.holdback ─> Release | Refuse                  restore, hold back, guard
          ─ guard.render ─ telemetry.journal (one record) ─> the last byte

    wire/       pure: bytes to the canonical model and back, one dialect a file
    guard/      pure: what may pass, and when; asks for slow detectors by ``needs`` and is fed by ``settle``
    telemetry/  the record of an exchange, the journal it is written to, the metrics
    proxy/      I/O: one exchange top to bottom in ``handler``; HTTP engines behind the seam of ``http``; the scan pool
    demo/       a small simulated endpoint
    cli/        one command a file
    app.py      the composition root: knows every part, reads the clock, makes keys and ids
    config.py   the settings   errors.py   the errors, each with its stable code

Importing anything here starts nothing, and loads no detector's libraries: those come when a policy that needs them is built.
"""
