"""The only place where spans are reconciled."""

from collections.abc import Iterable
from dataclasses import replace

from detectors.finding import Finding


def merge_overlaps(findings: Iterable[Finding]) -> list[Finding]:
    """Disjoint findings, in order, that cover every character any finding covers.

    Findings that share a character become one that spans them all, so that no character of any of them is left behind.
    It takes the name and score of the strongest: evidence, then score, then length, then the earlier start, then the kind's name.
    Touching spans (one ends where the next begins) stay apart.
    """
    merged: list[Finding] = []
    cluster: list[Finding] = []
    end = -1
    for finding in sorted(findings, key=lambda f: (f.start, f.end)):
        if cluster and finding.start >= end:
            merged.append(_union(cluster, end))
            cluster = []
            end = -1
        cluster.append(finding)
        end = max(end, finding.end)
    if cluster:
        merged.append(_union(cluster, end))
    return merged


def _union(cluster: list[Finding], end: int) -> Finding:
    if len(cluster) == 1:
        return cluster[0]
    strongest = max(cluster, key=lambda f: (f.evidence, f.score, f.end - f.start, -f.start, f.kind))
    return replace(strongest, start=cluster[0].start, end=end)
