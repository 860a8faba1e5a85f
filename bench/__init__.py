"""Measures what oddgate costs: the same load against the upstream alone, a bare proxy, and oddgate under several policies, in one run.

``python -m bench`` compares latency, throughput, CPU and memory; ``python -m bench soak`` watches memory over many requests.
The servers under test share one core and the upstream and the load share another, so that CPU time per request is the server's own.
Load generator and upstream are plain asyncio protocols on uvloop: they must not be what is measured.
"""
