"""Phrase detection in transcripts: opt-outs ("don't call me again") and voicemail announcements.

Pure. English, Hinglish and Hindi. A request for another time ("not now, call tomorrow") is not an opt-out. Ambiguous
wording counts as one: losing a lead costs less than ignoring an opt-out.
"""

import re

from dialer.domain.speech.text_normalize import plain_words

_CONTACT = r"(?:call(?:s|ing)?|ring(?:ing)?|phon(?:e|ing)|diall?(?:ing)?|contact(?:ing)?|text(?:ing)?|messag(?:e|ing))"
_BOTHER = r"(?:disturb(?:ing)?|bother(?:ing)?|harass(?:ing)?|pester(?:ing)?|spam(?:ming)?)"
_THIS = r"(?:this|my|these)(?: \w+)? (?:numbers?|phone|mobile)"
_ME = (
    rf"(?= (?:me|us|here|again|back|any ?more|ever|please|sir|madam|now|and)\b|(?: (?:on|to|at))? {_THIS}\b|[.,;!?]|$)"
)
_LEAD = (
    r"(?:^|[.,;!?] ?|\b(?:please|pls|kindly|so|and|but|just|okay|ok|no|look|hey|hello|said|sir|madam|ji|then|to"
    r"|interested"
    r"|again|thanks|on|(?<!if )(?<!why )(?<!when )you) )"
)
_NOT = (
    r"(?:(?:do not|don't|dont|must not|should not|shouldn't|not)(?: you| ever| dare| even| try| bother)*(?: to)?"
    r"|(?<!you )never(?: ever)?)"
)
_WISHES = tuple(
    re.compile(pattern)
    for pattern in (
        rf"{_LEAD}(?P<wish>{_NOT} {_CONTACT}{_ME})",
        rf"{_LEAD}(?P<wish>{_NOT} {_BOTHER} (?:me|us)\b)",
        rf"(?P<wish>\b(?:can|could|would|will) you (?:please )?not {_CONTACT}\b)",
        rf"(?P<wish>\brather you (?:did not|didn't|don't|not) {_CONTACT}\b)",
        rf"(?P<wish>\b(?:don't|do not|dont|no longer) (?:want|wish|like) (?:you (?:people |guys )?"
        rf"|anyone )?(?:to )?{_CONTACT} (?:me|us)\b)",
        r"(?P<wish>\b(?:don't|do not|dont|no longer) (?:want|wish|like) to be"
        r" (?:called|rung|contacted|phoned|disturbed|bothered)\b)",
        r"(?P<wish>\b(?:don't|do not|dont|no longer) (?:want|need|wish)(?: to (?:get|receive|have))?"
        r"(?: any| more| these| your| such| further| phone)* calls?\b)",
        r"(?P<wish>\b(?:call|phone|fone|ring|contact|sampark|message|msg|pareshan|tang|disturb)s?"
        r"(?: (?:bilkul|kabhi|dobara|phir|se|bhi|please))* (?:mat|na|nahin?|nai) (?:kar|kij|kr)\w*\b(?! chah))",
        r"(?P<wish>\bmat (?:call|phone|ring|contact|pareshan|disturb) (?:kar|kij|kr)\w*)",
        r"(?P<wish>\b(?:call|phone|ring|contact) kar(?:na|o|iye|e) mat\b(?! bh))",
        r"(?P<wish>\bmat kar(?:na|o|iye|e) (?:call|phone|ring|contact)\b)",
    )
)
_STOPS = tuple(
    re.compile(pattern)
    for pattern in (
        r"(?<!can't )(?<!cannot )(?<!not )(?<!n't )(?<!never )(?<!\bi )(?<!they )"
        rf"(?P<wish>\b(?:stop|quit|cease) (?:{_CONTACT}{_ME}|{_BOTHER}\b|(?:all |these |the |your "
        rf"|such )+(?:phone )?calls\b))",
        r"(?P<wish>\b(?:calls?|phone)(?: \w+)? (?:karna |karne )?band (?:kar|kij)\w*)",
        r"(?P<wish>\bband (?:kar|kij)\w* (?:\w+ )?(?:calls?|phone)\b)",
    )
)
_FINAL = tuple(
    re.compile(pattern)
    for pattern in (
        r"\bunsubscribe\b|\bopt(?:ing)?[ -](?:me |us )?out\b|\blose (?:my|this) number\b|\bleave (?:me|us) alone\b",
        r"\bno more (?:phone )?calls\b",
        r"\b(?:remove|delete|erase|take|strike|drop) (?:\w+ ){0,2}?(?:my|this) (?:phone |mobile |contact )?"
        r"(?:number|name|details|data|information|contact)\b(?! down)",
        r"\b(?:take|remove|get|strike|delete) (?:me|us)(?: \w+)? (?:off|from|out of) (?:\w+ ){0,3}"
        r"(?:lists?|database|records|system)\b",
        r"\b(?:remove|delete) me\b(?= please|[.,;!?]|$)",
        r"\b(?:on|in|to|with) (?:the |your |a )?(?:do[ -]not[ -](?:call|disturb)|dnd|ndnc|dnc|ncpr)\b",
        r"\bcalls? nahin? chah",
        r"\b(?:number|naam|list) (?:\w+ ){0,4}(?:hata|nikal|delete kar|remove kar)\w*",
    )
)
_TIME = (
    r"(?:later|tomorrow|tonight|morning|noon|afternoon|evening|(?:mon|tues|wednes|thurs|fri|satur|sun)day|weekend"
    r"|next week|next month|(?:another|other) (?:time|day)|after|in (?:\d+|an?)|at \d+|\d+ baje|kal|parso|baad mein?"
    r"|thodi der|shaam|subah|raat|dopahar|phir kabhi)"
)
_INVITES = re.compile(
    rf"(?<!not )(?<!n't )(?<!dont )(?<!never )\b{_CONTACT}\b(?! you)(?! mat).{{0,30}}?\b{_TIME}\b"
    rf"|\b{_TIME}\b(?: [a-z]+){{0,3}} (?:call|ring|phone|karna|karo|kariye|kijiye|kar lena|baat)\b(?! mat)"
)
_FOR_NOW = re.compile(
    r"\b(?:now|today|tonight|tomorrow|yet|later|at (?:the moment|this|work|night|home|lunch|\d)|so (?:early|late)"
    r"|this (?:morning|afternoon|evening|week|month)|(?:in|during) the|during|while|when|before|until|till|between"
    r"|on (?:\w+days?|weekends?)|(?:mon|tues|wednes|thurs|fri|satur|sun)days?|for (?:a|an|the next|some|\d+)|after \d+"
    r"|abhi|aaj|kal|subah|shaam|raat|dopahar|is (?:samay|waqt|time)|\d+ baje)\b"
)
_FOR_EVER = re.compile(
    r"\b(?:again|ever|any ?more|never|from now on|now on|in (?:the )?future|after (?:this|today)|dobara|dubara|phir"
    r"|fir se|firse|kabhi|(?:aage|ab|aaj|kal) se|(?:aaj|is) ke baad|a+inda)\b"
)
_UNTIL = re.compile(r"\b(?:until|till|tak)\b")
_CLAUSE = re.compile(r"[.,;!?]| but | because | lekin | kyunki ")

_HUMAN_SUBJECT = r"(?<!he )(?<!she )(?<!i )"
_MACHINE = re.compile(
    r"\b(?:please|kindly|just|and|or|you can|you may|to) leave (?:me |us )?(?:a|your|the"
    r"|an)\b[^.!?]*?\b(?:message|name|number)"
    r"|^leave (?:me |us )?(?:a|your) (?:brief |short |detailed )?(?:message|name)"
    r"|\b(?:after|at|following) the (?:beep|tone|signal)\b"
    r"|\brecord your (?:message|name)\b|\brecording your message\b"
    r"|\bmail ?box (?:is|of|for|that|has|belonging)\b|\bmailbox\b.*\bfull\b"
    r"|\b(?:forwarded|transferred|redirected|connected) to (?:an? |the )?(?:automat\w+ )?(?:voice|answering)"
    r"|\bvoice ?mail (?:of|for|box|service|system)\b|\breached the voice ?mail|\bthis is the voice ?mail"
    r"|\byou(?:'ve| have) reached\b"
    r"|\b(?:person|number|subscriber|customer|party|user|caller) (?:that )?(?:you|you're|you are|have|is)\b.{0,60}"
    r"\b(?:not available|unavailable|not reachable|unreachable|not answering|not responding|switched off|busy"
    r"|coverage|screening)"
    r"|\bthe (?:person|number|subscriber|customer|party) (?:that )?(?:you are|you're|you have|you) (?:calling"
    r"|called|dialed|dialled|trying)"
    r"|^(?:is|are) (?:currently |presently )?(?:not available|unavailable)\b"
    rf"|{_HUMAN_SUBJECT}\b(?:is|are) (?:currently |presently )?(?:not available|unavailable) (?:to take|at the)"
    r"|\b(?:can't|cannot|can not|unable to|not able to) (?:take|come to|answer|get to) (?:your call"
    r"|the phone)\b.*\b(?:message|leave|beep)"
    r"|(?<!my phone )\b(?:is|are) (?:currently |presently )?(?:switched off|out of (?:coverage|network)"
    r"|not reachable)\b"
    r"|\bsampark seema\b|\bjis (?:vyakti|number|nambar)\b|\baap jis\b|\bswitch(?:ed)? off hai\b"
)
_DEVANAGARI_MACHINE = re.compile(r"आप जिस|जिस व्यक्ति|जिस नंबर|संपर्क सीमा|स्विच ऑफ|बीप के बाद|संदेश छोड़|उपलब्ध नहीं")


def sounds_like_opt_out(text: str) -> bool:
    """Return True if the turn asks never to be called again, in English, Hindi (Devanagari) or Hinglish."""
    words = plain_words(text)
    if any(pattern.search(words) for pattern in _FINAL):
        return True
    stops = [match for pattern in _STOPS if (match := pattern.search(words))]
    wishes = [match for pattern in _WISHES if (match := pattern.search(words))]
    if not stops and not wishes:
        return False
    first = (stops or wishes)[0]
    rest = words[: first.start("wish")] + " | " + words[first.end("wish") :]
    if _INVITES.search(rest):
        return False
    return bool(stops) or any(_is_unbounded(words, match) for match in wishes)


def sounds_like_voicemail(text: str) -> bool:
    """Return True for an announcement by voicemail, a network or a call screener, False for a person who mentions one."""
    return bool(_MACHINE.search(plain_words(text)) or _DEVANAGARI_MACHINE.search(text))


def _is_unbounded(words: str, match: re.Match[str]) -> bool:
    """Whether the clause leaves the wish open-ended, rather than bounding it as in "don't call me at work"."""
    start, end = match.span("wish")
    before = _CLAUSE.split(words[:start])[-1]
    after = _CLAUSE.split(words[end:])[0]
    if _FOR_EVER.search(f"{before} {match['wish']} {after}"):
        return not _UNTIL.search(after)
    return not _FOR_NOW.search(after) and not _FOR_NOW.search(before)
