"""Which answers are refusals."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from detectors.text.refusal import MAX_CHARS, is_refusal

REFUSALS = (
    "I'm sorry, but I can't help with that.",
    "I’m sorry, but I can’t assist with that request.",
    "Sorry, I can't provide that information.",
    "I cannot help you with this.",
    "I can't do that for you, but here is who can.",
    "I am unable to provide medical advice.",
    "I'm not able to share personal details of other people.",
    "I won't write that story.",
    "I will not assist in harming anybody.",
    "Unfortunately, I cannot fulfill this request.",
    "I apologize, but I'm unable to generate that kind of content.",
    "As an AI language model, I cannot engage in illegal activities.",
    "I must respectfully decline.",
    "I refuse to answer.",
    "I have to decline this request. It could hurt somebody.",
    "That goes against my guidelines.",
    "It would not be appropriate for me to guess who this is.",
    "I'm not comfortable writing that.",
    "Thank you for asking. However, I can not in good conscience give instructions for this.",
    "**I'm sorry**, but I can't comply.",
    "We are not allowed to share account details.",
    "I cannot and will not give instructions for that.",
    "I'd rather not say.",
    "Sorry, this is outside of what I can help with. That is not something I can do.",
    "This request violates our usage policies.",
    "I do not feel comfortable answering this.",
    "I can only answer questions about cards.",
    "Es tut mir leid, aber dabei kann ich nicht helfen.",
    "Es tut mir leid, aber ich kann Ihnen dabei nicht weiterhelfen.",
    "Ich kann diese Anfrage leider nicht beantworten.",
    "Leider kann ich dir keine Anleitung dazu geben.",
    "Ich darf keine medizinischen Ratschläge geben.",
    "Das möchte ich ablehnen. Ich muss diese Bitte ablehnen.",
    "Ich bin nicht in der Lage, solche Inhalte zu erstellen.",
    "Es ist mir nicht möglich, Ihnen dabei zu helfen.",
    "Ich werde das nicht schreiben.",
    "Dazu kann ich leider nichts sagen.",
    "Diese Anfrage verstößt gegen unsere Richtlinien.",
    "Solche Inhalte erstelle ich nicht.",
    "Lo siento, pero no puedo ayudarte con eso.",
    "Lo siento, no puedo proporcionar esa información.",
    "No me es posible ofrecer consejos médicos.",
    "Disculpa, pero no estoy autorizado para dar esos datos.",
    "Debo rechazar esta solicitud.",
    "Me niego a escribir eso.",
    "No podemos compartir datos de otros clientes.",
    "No tengo permitido compartir esa información.",
    "Je suis désolé, mais je ne peux pas vous aider avec cela.",
    "Désolée, je ne peux pas répondre à cette question.",
    "Je ne suis pas en mesure de fournir ces informations.",
    "Il ne m'est pas possible de donner un avis médical.",
    "Je dois refuser cette demande.",
    "Je préfère ne pas répondre.",
    "Cette demande est contraire à mes règles.",
    "Je ne peux malheureusement pas partager ces données.",
)
ANSWERS = (
    "",
    "Hello! How can I help you today?",
    "I'm sorry to hear that you lost your card. To block it, open the app.",
    "Sorry for the delay! Here is your list.",
    "I can't find your order. Could you give me its number?",
    "I cannot see an attachment in your message; please send it again.",
    "I can't wait to help you with this!",
    "You can't refuse a jury summons without a reason.",
    "The bank will not help you if the transfer was authorised.",
    "If you are unable to log in, reset your password.",
    "She said she could not help him. He refused to answer.",
    "I'm not sure, but it may be the blue one.",
    "It is not appropriate to wear shoes there.",
    "I can't tell if this is a bug or not; a log would help.",
    "No, you cannot do this with the free plan.",
    "The sign says that it violates the rules to park here.",
    "They refuse to refund because the item was used.",
    "Don't worry, you can do this in two steps.",
    "Unfortunately, the shop is closed on Sundays.",
    "Es tut mir leid, dass Ihre Karte verloren ging. Sperren Sie sie in der App.",
    "Sie können die Karte nicht mehr verwenden.",
    "Ich kann Ihre Bestellung nicht finden.",
    "Das ist leider nicht richtig: Die Hauptstadt ist Canberra.",
    "Kein Problem! So geht es.",
    "Ich helfe Ihnen gern. Das Paket ist noch nicht angekommen.",
    "Lo siento mucho. Puedes bloquear la tarjeta en la aplicación.",
    "No hay ningún problema. Aquí tienes la lista.",
    "No encuentro tu pedido.",
    "No puedes devolver el producto después de 30 días.",
    "Je suis désolé pour ce retard. Voici la liste.",
    "Je ne trouve pas votre commande.",
    "Vous ne pouvez pas annuler après ce délai.",
    "Ce n'est pas possible le dimanche, mais le lundi oui.",
)


@pytest.mark.parametrize("answer", REFUSALS)
def test_refusals(answer: str):
    """What declines is a refusal, in each of the languages, however it is spelled and set off."""
    assert is_refusal(answer)
    assert is_refusal(answer.replace("'", "’"))


@pytest.mark.parametrize("answer", ANSWERS)
def test_answers(answer: str):
    """An apology, a lack or somebody else's refusal is none of the model's."""
    assert not is_refusal(answer)


def test_only_the_beginning_counts():
    """Models decline at once: what comes later may be a quotation."""
    assert not is_refusal("Here is the story you asked for. " * 10 + REFUSALS[0])
    assert is_refusal(REFUSALS[0] + " More of it." * 100)


@given(st.text(), st.text())
def test_no_text_after_the_beginning_changes_it(text: str, more: str):
    """What is said of a text depends on its beginning alone, and nothing is raised."""
    beginning = text.ljust(MAX_CHARS, ".")
    assert is_refusal(beginning + more) == is_refusal(beginning)
