"""A command of oddgate in its own process, which says, whenever it is asked, what CPU it has taken: ``python -m bench.watched watch …``.

A line on standard input asks; the answer is a line of JSON: seconds by the names of threads, and of ``all`` of them.
"""

import json
import sys
import threading
import time

from gateway.cli.main import main

ALL = "all"
_OWN = "what is asked"


def taken() -> dict[str, float]:
    """Seconds of CPU so far, but for those of whoever answers."""
    threads = {thread.name: thread.ident for thread in threading.enumerate()}
    by_name = {name: time.clock_gettime(time.pthread_getcpuclockid(ident)) for name, ident in threads.items() if ident}
    own = by_name.pop(_OWN, 0.0)
    return {**by_name, ALL: time.process_time() - own}


def _answer() -> None:
    for _ in sys.stdin:
        print(json.dumps(taken()), flush=True)


if __name__ == "__main__":
    threading.Thread(target=_answer, name=_OWN, daemon=True).start()
    sys.exit(main(sys.argv[1:]))
