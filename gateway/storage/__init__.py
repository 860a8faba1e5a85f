"""Where state lies that outlasts an exchange: each module is one place, behind the protocol that its consumer declares.

    memory   in this process, gone with it: for one worker
    redis    in a Redis or Valkey, shared by all workers and gateways; its client library is loaded when one is configured

A store keeps bytes under names for a time. It knows neither what they mean nor how to read them, and does no more than it is asked;
what it cannot do in time it says with ``StoreUnavailable``. ``app.py`` chooses one by the settings and hands it to its consumers.
"""
