"""A question in, what of it is a question out: sentences that give the service orders are cut, demands that void the answer are refused.

The extractive answerer obeys nothing, so this is about fairness to the real part of a mixed question, and about not answering what asks
for an answer without proof ("make up a torque"). Three kinds: markup and roles ("</context>", "SYSTEM:"), orders about the service's
own rules, and demands (answer without the documents, say this sentence whatever is true). Must not know documents.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from service.core.text import analyze

_RULES = r"(?:instructions?|rules?|prompts?|guidelines?|guardrails?|directives?|restrictions?|policy|policies|programming|safety filters?|constraints?)"
_OWN = r"(?:all|any|every|the|these|those|your|my|our|previous|prior|earlier|above|preceding|system|hidden|internal|initial|original|current|other|safety|given|of|secret|full|entire|and)"
_TAGGED = re.compile(r"<\s*([a-z_]{3,30})\s*>.{0,600}?<\s*/\s*\1\s*>|</?\s*[a-z_]{3,30}(?:\s[^<>]{0,80})?>|\[/?(?:inst|system|assistant|user)\]|<\|[^|<>]{1,40}\|>", re.I | re.S)
_QUOTED_ORDER = re.compile(r"[\"“«„][^\"”»“]{0,300}\b(?:note to (?:the )?(?:ai|assistant|model|bot)|always (?:state|say|answer)|ignore (?:all|any|the|your))\b[^\"”»“]{0,300}[\"”»“]", re.I)

_ORDERS = tuple(
    re.compile(pattern, re.I)
    for pattern in (
        rf"\b(?:ignore|disregard|forget|override|bypass|drop|skip|delete|erase|remove|lose|abandon|stop following|do not follow|don'?t follow|break|violate|set aside)\b(?:\W+{_OWN}){{0,6}}\W+(?:\w+\W+)?{_RULES}\b(?!\s+(?:for|on|of|in|about)\b)",
        r"\b(?:ignore|disregard|forget)\b.{0,20}\b(?:everything|anything|all)\b.{0,20}\b(?:above|before|told|said|so far)\b",
        rf"\b(?:print|reveal|show|display|repeat|output|give|tell|list|write|leak|dump|expose|share|name|reproduce|translate|summari[sz]e)\b.{{0,50}}\b(?:your|hidden|system|internal|secret|initial|developer)\b.{{0,25}}\b(?:{_RULES}|messages?|configuration|settings|api[ _-]?keys?|credentials|passwords? of (?:the|this) service|source code)\b",
        r"\b(?:repeat|print|output|write out|copy|quote|show)\b.{0,40}\b(?:everything|all|text|words?|lines?)\b.{0,30}\b(?:above|before this|preceding|verbatim)\b",
        r"\b(?:api keys?|file paths? of the index|environment variables?)\b.{0,40}\b(?:you|your|of the service|hidden)\b|\bhidden (?:instructions?|prompts?|rules?)\b",
        r"\byou are (?:now |from now on )(?:in |an? |the |called )?\w+|\byou are (?:dan|max|evil\w*|jailbroken|unrestricted)\b|\bfrom now on\b.{0,30}\b(?:you|act|answer|reply|respond|speak)\b",
        r"\b(?:act|behave|respond|speak|talk|write) (?:as|like) (?:if you (?:were|are)|an? (?:pirate|poet|comedian|unrestricted|evil|different|human|ai|assistant|chatbot|child|robot))\b|\brole-?play\b|\bpretend (?:to be|you|that you)\b",
        r"\b(?:developer|debug|maintenance|god|admin|dan|jailbreak|unrestricted|root) mode\b.{0,30}\b(?:enabled|active|activated|engaged)\b|^\W*(?:please |now )?(?:enable|enter|activate|switch to)\b.{0,20}\b(?:developer|debug|god|admin|dan|jailbreak|unrestricted) mode\b|\byou are (?:now )?in \w+ mode\b",
        r"\byou (?:are|were|have|had|will)\b.{0,50}\b(?:no|without(?: any)?) (?:limits?|rules?|restrictions?|limitations?)\b|\bas an? (?:ai|assistant|model)\b.{0,30}\byou\b|\b(?:as if|like) you (?:had|have)\b",
        r"\b(?:prompts?|instructions?|rules?)\b.{0,15}\b(?:you were|you are|you have been|you got|were you) (?:given|told|trained|configured)\b",
        r"\b(?:append|add|put)\b.{0,60}\b(?:to|into|in|after|before) your (?:answer|reply|response)\b",
        r"^\s*(?:system|assistant|developer|admin|root)\s*(?:override|message|prompt|note)?\s*:",
        r"\b(?:new|updated|additional) (?:rules?|instructions?|system prompts?)\s*:",
        r"\bnote to (?:the )?(?:ai|assistant|model|bot|llm)\b|\b(?:ai|assistant|model|bot)\s*:\s*(?:you must|always|ignore|do not)\b",
        r"\b(?:do not|don'?t|never|stop|without) (?:cit(?:e|ing)|quot(?:e|ing))\b|\bcitations? (?:are|is) off\b|\bno (?:citations|sources) (?:needed|please|any ?more)\b",
        r"\b(?:end|begin|start|finish|prefix|append)\b.{0,25}\b(?:every|each|all|your)\b.{0,15}\b(?:repl(?:y|ies)|answers?|responses?|sentences?|messages?)\b.{0,10}\bwith\b",
        r"\b(?:say|reply|respond|confirm|answer|output|print)\b.{0,20}[\"'“‘][^\"'”’]{1,60}[\"'”’]",
        r"\b(?:write|compose|sing|tell|make up|give)\b(?: me| us)?(?: an?| another| some)? (?:short |funny |little |long )?(?:poems?|songs?|haikus?|limericks?|jokes?|stor(?:y|ies)|essays?|rap|sonnets?|fairy ?tales?)\b",
        r"\b(?:ignoriere?|vergiss|missachte|überschreibe?)\b.{0,40}\b(?:anweisung\w*|regeln?|vorgaben?|instruktion\w*|bisherige\w*)\b|\b(?:system-?prompt\w*|interne\w* (?:regeln?|anweisung\w*))\b|\bschreibe?\b.{0,30}\b(?:gedicht|lied|witz|geschichte)\b|\bdu bist (?:jetzt|nun|ab sofort)\b|\bab (?:jetzt|sofort|nun) (?:bist|antworte)\w*|\bantworte nur noch\b",
        r"(?:忽略|无视|忘记).{0,10}(?:指令|指示|规则|提示)|系统提示|你现在是|扮演|输出.{0,6}(?:提示词|规则|指令)",
    )
)  # fmt: skip
_VOIDING = tuple(
    re.compile(pattern, re.I)
    for pattern in (
        r"\bfrom memory\b|\b(?:do not|don'?t|never) (?:look at|use|read|consult|check|open|search) (?:the |your |any |these )?(?:manuals?|documents?|documentation|sources?)\b|\b(?:from|using|use|out of|with)\b.{0,12}\b(?:your|general|common|own)\b.{0,8}\bknowledge\b|\b(?:forget|without|ignore|instead of|never mind)\b(?: using)?(?: all)? (?:the |your |these |any )?(?:manuals?|documents?|documentation|sources?)\b(?=.{0,60}\b(?:answer|guess|tell|knowledge|say|just)\b)|\banswer\b.{0,30}\bwithout\b.{0,12}\b(?:documents?|manuals?|sources?|evidence)\b",
        r"\b(?:make|making) up\b.{0,20}\b(?:an?|any|some|the|values?|numbers?|torques?)\b|\binvent(?:ing)? (?:an?|any|some)\b|\bany\b.{0,25}\b(?:number|value|torque|figure)s?\b.{0,10}\byou (?:like|want)\b|\b(?:just|simply) guess\b|\bdoes(?:n'?t| not) (?:have|need) to be (?:true|right|correct)\b",
        r"\bpretend\b.{0,30}\b(?:manual|document|page|datasheet|bulletin|section|book)\b.{0,40}\b(?:says?|states?|is|allows?|gives?|reads?)\b|\b(?:cite|quote)\b.{0,20}\b(?:page|section)\b.{0,20}\bfor (?:it|this|that)\b",
        r"\b(?:reply|answer|respond|say|output)\b(?: back)?\W{1,3}(?:with )?(?:only|just|nothing but|exactly|solely)\b(?: with)?\W{0,2}[\"'“‘][^\"'”’]{1,80}[\"'”’]|\b(?:only|just) (?:reply|answer|respond|say)(?: with)?\W{0,2}[\"'“‘][^\"'”’]{1,80}[\"'”’]",
    )
)  # fmt: skip
_ASKS = re.compile(
    r"[?？]|^\W*(?:and |also|so |then |but |please |now )*\W*(?:what|which|how|when|where|who|why|whats|is|are|can|could|do|does|did|may|must|should|will|list|name|give|tell|show|find|explain|describe|compare|need|looking for"
    r"|was|welche\w*|wie|wo|wann|warum|kann|darf|muss|ist|gib|nenne)\b|(?:什么|多少|如何|怎么|怎样|哪|吗|几)",
    re.I,
)
_SENTENCE_END = re.compile(r"(?<=[.!?])[\"'”’)]?\s+(?=\W?[A-ZÄÖÜ])|(?<=[。！？])")
_FIRST_PERSON = re.compile(r"\b(?:i am|i'm|i|we|you|your|this service|assistant)\b", re.I)
_LEAD_IN = re.compile(r"^(?:[\s\"'”’»:;,.\-]|(?:and|also|then|so|but|now|please|before (?:you|that)[^,]{0,20},)[\s:,])+", re.I)
MAX_TERSE_TERMS = 12


@dataclass(frozen=True, slots=True)
class Stripped:
    """`question` is what is left to answer ("" where nothing is); `cut` are the orders that were taken out; `void` says that the
    question as a whole must not be answered."""

    question: str
    cut: tuple[str, ...] = ()
    void: bool = False


def without_orders(text: str) -> Stripped:
    """The question without what orders the service about."""
    if any(demand.search(text) for demand in _VOIDING):
        return Stripped("", (text,), void=True)
    cut: list[str] = []

    def taken(match: re.Match[str]) -> str:
        cut.append(match.group())
        return " "

    plain = _QUOTED_ORDER.sub(taken, _TAGGED.sub(taken, text))
    kept: list[str] = []
    for sentence in _SENTENCE_END.split(" ".join(plain.split())):
        (cut if any(order.search(sentence) for order in _ORDERS) else kept).append(sentence)
    if not cut:
        return Stripped(text)
    kept = [sentence for sentence in kept if _is_question(sentence)]
    return Stripped(" ".join(_LEAD_IN.sub("", sentence) for sentence in kept).strip(), tuple(cut))


def _is_question(sentence: str) -> bool:
    """Whether a sentence beside an order asks something: a question by its form, or terse key words of a few terms."""
    terms = analyze(sentence)
    return bool(terms and _ASKS.search(sentence)) or (2 <= len(terms) <= MAX_TERSE_TERMS and not _FIRST_PERSON.search(sentence))
