"""A policy tried before it decides anything: the same decisions without a gateway.

``decider`` decides one whole exchange (its texts: ``exchange``; the form of its answers: ``forms``). By it ``trials`` runs the cases of a
policy (``cases``), ``mutate`` tells which of its words no case holds, and ``replay`` decides ``recorded`` exchanges again, knowing what was
found in them (``retold``), and sums up what changes (``totals``).
"""
