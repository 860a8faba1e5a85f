"""Numbers that parts of a worker keep, as metrics."""

from functools import partial
from typing import Any, Protocol

from gateway.guard.memo import Memo
from gateway.proxy.offload import Pool
from gateway.proxy.vault import Vault, VaultStore
from gateway.storage.memory import MemoryStore
from gateway.telemetry.instruments import Reading


class Receives(Protocol):
    """See ``receiver``, which is imported where the settings ask for it."""

    @property
    def waiting(self) -> int: ...

    @property
    def waiting_bytes(self) -> int: ...

    @property
    def spooled(self) -> tuple[int, int, int]: ...


def memo_readings(name: str, what: str, memo: Memo[Any]) -> list[Reading]:
    return [
        Reading(f"oddgate_{name}_memo_hits", f"Results {what} that were remembered.", lambda: memo.hits, is_counter=True),
        Reading(f"oddgate_{name}_memo_misses", f"Results {what} that were not.", lambda: memo.misses, is_counter=True),
        Reading(f"oddgate_{name}_memo_bytes", f"Memory of results {what}, estimated from above.", lambda: memo.used_bytes),
        Reading(f"oddgate_{name}_memo_entries", f"Results {what} that are remembered.", lambda: len(memo)),
    ]


def pool_readings(name: str, what: str, pool: Pool) -> list[Reading]:
    return [
        Reading(f"oddgate_{name}_waiting", f"Jobs that wait for a worker of {what}.", lambda: pool.waiting),
        *(
            Reading(f"oddgate_{name}_jobs_{how}", f"Jobs of {what}: {how}.", partial(_count, pool.outcomes, how), is_counter=True)
            for how in pool.outcomes
        ),
    ]


def telemetry_readings(receiver: Receives | None) -> list[Reading]:
    spooled = {
        "kept": "Spans, points and lines of logs that were put by for the watch.",
        "dropped": "Exports that were not put by for the watch, or not wholly, for want of room.",
        "errors": "How often what was received could not be put by.",
    }
    return [
        *(
            Reading(f"oddgate_telemetry_spool_{name}", text, partial(_spooled, receiver, place), is_counter=True)
            for place, (name, text) in enumerate(spooled.items())
        ),
        Reading("oddgate_telemetry_waiting", "Exports that the collector does not have yet.", lambda: receiver.waiting if receiver else 0),
        Reading("oddgate_telemetry_waiting_bytes", "Their bytes.", lambda: receiver.waiting_bytes if receiver else 0),
    ]


def _spooled(receiver: Receives | None, place: int) -> float:
    return receiver.spooled[place] if receiver else 0


def vault_readings(vault: Vault, store: VaultStore) -> list[Reading]:
    what = {
        "hits": "Ids of the endpoint's whose placeholders were known.",
        "misses": "Ids of the endpoint's that no placeholder was kept for.",
        "errors": "Calls that the store of placeholders failed.",
        "rejected": "What the store of placeholders gave back that is not ours.",
        "left_out": "Ids and placeholders beyond the vault's bounds.",
    }
    counters = [Reading(f"oddgate_vault_{name}", text, partial(getattr, vault, name), is_counter=True) for name, text in what.items()]
    if not isinstance(store, MemoryStore):
        return counters
    return [
        *counters,
        Reading("oddgate_vault_evicted", "Ids that were dropped for want of room.", lambda: store.evicted, is_counter=True),
        Reading("oddgate_vault_entries", "Ids that placeholders are kept for.", lambda: len(store)),
        Reading("oddgate_vault_bytes", "Memory of the vault, estimated from above.", lambda: store.used_bytes),
    ]


def _count(counts: dict[str, int], name: str) -> float:
    return counts[name]
