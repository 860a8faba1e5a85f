"""The demo upstream: a small simulated LLM, so that the first request works with no key and no network.

It is scripted, not random: equal requests get equal answers. ``script`` decides what to say and knows no dialect. Each module of
``surfaces`` speaks one of the endpoints' dialects, as a function from an ``Ask`` to an ``Answer`` (``exchange``), with what it has to
remember in the bounded ``state``; ``dispatch`` finds the one that is asked for. ``server`` does all the I/O. The last requests received
are shown at ``GET /demo/received``, so that people see what an endpoint behind the gateway gets to know.
"""

from gateway.demo.server import DemoSettings, build_demo, running_demo

__all__ = ["DemoSettings", "build_demo", "running_demo"]
