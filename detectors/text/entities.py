"""The names of what the PII detector finds: Presidio's, so that policies can be moved from it."""

PATTERN_ENTITIES = frozenset(
    {
        "CREDIT_CARD",
        "CRYPTO",
        "DATE_TIME",
        "EMAIL_ADDRESS",
        "IBAN_CODE",
        "IP_ADDRESS",
        "LOCATION",
        "MAC_ADDRESS",
        "MEDICAL_LICENSE",
        "PHONE_NUMBER",
        "UK_NHS",
        "URL",
        "US_BANK_NUMBER",
        "US_DRIVER_LICENSE",
        "US_ITIN",
        "US_PASSPORT",
        "US_SSN",
        "UUID",
    }
)
"""Found by their form. A LOCATION found so is a street address, a post box or a post code."""

POOLED_ENTITIES = frozenset({"PERSON", "LOCATION", "NRP", "ORGANIZATION"})
"""Found by a model in whole sentences. A LOCATION found so is a named place."""

DEFAULT_ENTITIES = (PATTERN_ENTITIES | POOLED_ENTITIES) - {"ORGANIZATION"}
"""Organisations are found with too many false alarms to be looked for unless asked."""
