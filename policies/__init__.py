"""Policies decide: what a finding means for one text, in the words of a file that a security team writes.

    YAML ── extend (one order of merging) ── load ──> Policy (frozen) ── select, rollout (whose exchange is it) ──> one policy
    findings of each rule ── decide ──> Verdict: the strictest action, disjoint edits, the rules that fired
    edits ── redact ──> the text that goes on

``policy`` with ``domain`` is the schema, ``vocabulary`` its words. Besides findings, a decision hangs on ``conditions`` (CEL), on
``bounds`` of a request and on ``flows`` of values; what of a domain judges texts becomes rules (``domain_rules``).

``diff`` says by the words alone what two policies decide otherwise (``trends``: which way); ``domain_parts`` is a domain bound by bound.

``rehearsal`` decides a whole exchange in the same way without a gateway: for cases, for replay of what was recorded and for explanations.
``lint`` says what is hardly meant; ``alarms``, ``certainty`` and ``calibration`` hold a policy to the false-alarm rates that it promises.

Nothing here knows how a finding was found, or what HTTP is. Everything is pure: the only files read are the policy's own.
``positions`` and ``problems`` turn YAML into values that remember their line, so that every error names file, line and key.
"""
