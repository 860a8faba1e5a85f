"""Policies decide: what a finding means for one text, in the words of a file that a security team writes.

    YAML ── load ──> Policy (frozen) ── select (whose exchange is it) ──> one policy
    findings of each rule ── decide ──> Verdict: the strictest action, disjoint edits, the rules that fired
    edits ── redact ──> the text that goes on

Nothing here knows how a finding was found, or what HTTP is. Everything is pure: the only files read are the policy's own.
``positions`` and ``problems`` turn YAML into values that remember their line, so that every error names file, line and key.
"""
