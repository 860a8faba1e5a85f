"""The demo upstream: a small simulated LLM, so that the first request works with no key and no network.

It is scripted, not random: equal requests get equal answers. ``script`` decides what to say and knows no dialect, ``openai_request``
and ``openai_answer`` read and write one dialect, ``server`` does the I/O. It keeps the last requests it received and shows them at
``GET /demo/received``, so that people see what an endpoint behind the gateway gets to know.
"""

from gateway.demo.server import DemoSettings, build_demo, running_demo

__all__ = ["DemoSettings", "build_demo", "running_demo"]
