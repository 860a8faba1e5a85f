"""The endpoints that the demo speaks for, one module or pair of modules a dialect. None of them does I/O.

A module has a table ``ROUTES``; ``gateway.demo.dispatch`` puts the tables together. Where a dialect is large, ``…_request`` reads it,
``…_answer`` writes it whole and ``…_stream`` in events.
"""
