"""FIND. A detector knows text or numbers; it does not know policies, HTTP or the gateway. Pure: nothing here does I/O at run time.

``finding``   what a detector says: where, what kind, how sure; never the text itself
``contract``  the two shapes: inline (microseconds, runs where it stands) and pooled (milliseconds, in a worker process)
``registry``  every detector by name: what a policy may ask for, and how it is built
``overlaps``  the only place where spans are reconciled
``normalize`` what a token says besides how it is written; ``readings`` of a text, with the way back to its own offsets
``text``      one text in, findings out
``series``    off the path: one observation at a time, what has changed (``drift``) or differs (``disparity``, ``probes``)
``parsers``   what an answer must be: told while it streams
``calibration`` a raw score as its tail probability on ordinary texts
``models``    data that is shipped with the detectors, each with a card
``training``  what rebuilds ``models`` and measures the detectors

In ``text``, personal data of a fixed form goes: ``pii`` asks ``prefilter`` where anything could be, cuts the text there with
``stretches``, and runs those ``finders`` (``presidio``, ``cards``, ``phones``, ``dates``, ``addresses``, ``urls``) that could find
something; ``context`` raises their scores. Names go: ``sentences`` to ``ner`` in a pool, mended by ``names``. A team's own: ``custom``.

Whole turns go: ``turns`` to ``topics``, which asks ``static_embeddings`` first and the ``encoder`` where that is not clear (``scope`` is
the measure, ``wordpiece`` the tokens); whole texts to ``language``. ``uncertainty`` and ``agreement`` judge how sure an answer is.

What each reading shows goes: ``plain`` (most texts have one reading: a cheap look), ``notations`` (``%40``, ``&#64;``), ``confusables``,
``encoded`` (base64, hex), each as changes to a ``mapped`` text, and ``disguises`` (beside another script; for those who ask: spaced out,
leetspeak) as views of a ``reading``. A detector only says what it asks for besides; whoever runs detectors shows them the readings.

Drift goes: an ``observation`` to ``drift``, one a key, which keeps what ``bursts`` lets in, and by ``feature`` its ``bins`` (once the first
values are ``settling`` them), the ``baseline`` that a ``reference`` says how to learn for each of the ``dayparts``, the ``bets`` against
it, and the ``level``; ``kinds`` and ``explaining`` (of ``rows``) say what it is. What an exchange is like is told on the path: what its
texts are about (``word_groups``), their ``script`` and likely language (``function_words``), the prompt's ``template``, and ``refusal``.

Anomalies go: a number to ``metrics`` (three ``views`` of it, each with a ``reservoir``; ``arrivals`` tell silence), a small count to
``counts`` (by its ``tails``), a log line to ``logs`` (its template by ``templates``; ``sequences`` and ``parameters`` of these). Each says
an ``anomaly``.

Traces go: ``spans`` that an ``assembly`` has put together, to ``traces``, which judges its ``operations`` by their usual ``durations``. Why
outcomes changed: ``slices`` says where. When a budget is used up: ``forecast``, and ``predictions`` keeps what became of that.

Bias goes: ``groups`` says whom a text mentions, ``swaps`` (by ``swap_grammar``, both by ``group_terms``) writes it about somebody else.
``disparity`` compares an ``outcome`` between groups: a ``tally`` an attribute, ``evidence`` block by block, ``cells`` in the end, by the
arithmetic of ``comparison``. ``probes`` compares pairs; ``guard_fairness`` what a guard did.
"""
