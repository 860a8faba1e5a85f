"""What an answer's text must be: a document of a JSON Schema, a text of a regex or of a grammar. Told while it streams.

``contract``  a ``Parser`` is fed a growing text and says, once it knows, why that can no longer become valid
``schemas``   JSON Schema: ``compile_schema`` for texts, ``check_value`` for values (the arguments of a tool)
``grammars``  ``compile_regex`` and ``compile_grammar``, for texts

A document goes: ``reader`` (the syntax of JSON, piece by piece) tells ``claims`` what begins and ends; those hold it against ``rules``,
which are what of a schema can be told early: types, properties, bounds, the beginnings of listed texts. The rest (``not``, ``if``,
``contains``, …), and in the end everything once more, is a library's to say, of the whole document. So the early look only ever speaks
sooner: what it cannot tell early it leaves. ``keywords`` are what a schema may be made of, ``library`` is the judge, ``effort`` bounds how
deep documents may be for it, and ``reasons`` is how all say what is wrong.
"""
