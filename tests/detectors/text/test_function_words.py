"""The language of a text, guessed from its small words."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from detectors.text.function_words import likely_language

SENTENCES = {
    "en": "I lost my card on the train and would like to know how I can block it.",
    "de": "Ich habe meine Karte im Zug verloren und möchte wissen, wie ich sie sperren kann.",
    "fr": "J'ai perdu ma carte dans le train et je voudrais savoir comment la bloquer avec mon téléphone.",
    "es": "He perdido mi tarjeta en el tren y quiero saber cómo puedo bloquear la cuenta con el móvil.",
    "it": "Ho perso la carta nel treno e vorrei sapere come posso bloccare il conto con il telefono.",
    "pt": "Perdi o meu cartão no trem e não sei como posso bloquear a conta com o telefone.",
    "nl": "Ik heb mijn kaart in de trein verloren en wil graag weten hoe ik het kan blokkeren.",
    "sv": "Jag har tappat mitt kort på tåget och vill veta hur jag kan spärra det.",
    "da": "Jeg har tabt mit kort i toget og vil gerne vide, hvordan jeg kan spærre det.",
    "pl": "Nie wiem, gdzie jest moja karta, i proszę o pomoc: jak mogę ją zablokować?",
    "tr": "Kartım kayboldu ve bu konuda ne yapmam gerek, bana yardım için bir yol var mı?",
    "id": "Kartu saya hilang di kereta dan saya ingin tahu bagaimana cara untuk memblokir kartu ini.",
}


@pytest.mark.parametrize("language", sorted(SENTENCES))
def test_sentences(language: str):
    """One sentence is enough."""
    assert likely_language(SENTENCES[language]) == language


@pytest.mark.parametrize("text", ["", "ok", "12345", "card lost", "SELECT * FROM t", "Где моя карта?", "我的卡在哪里", "de la"])
def test_nothing_is_said_of_too_little(text: str):
    """A few words, numbers, code and other scripts are of no language that is guessed."""
    assert likely_language(text) is None


@given(st.text())
def test_any_text(text: str):
    """Nothing is raised, and only known languages are said."""
    assert likely_language(text) in (None, *SENTENCES)
