"""Voicemail detection from the transcript: mailbox greetings, IVR menus and call screeners.

Pure. English, Hinglish and Hindi; one turn at a time. A person may talk about voicemail, so only phrases with which a
machine addresses the caller count.
"""

import re

from dialer.domain.compliance.opt_out_phrases import sounds_like_voicemail

_KEY = r"(?:\d|one|two|three|four|five|six|seven|eight|nine|zero|star|hash|pound|ek|do|teen|char)"
_MENU = re.compile(
    rf"(?<!you )(?<!i )(?<!shall i )(?<!should i )\b(?:press|dial|dabaye|dabaen|dabaiye) (?:the )?(?:key |number )?{_KEY}\b"
    rf"(?! (?:or \w+ )?(?:button|more|day|hour))"
    rf"|\b(?:ke liye|for \w+(?: \w+){{0,3}},?) {_KEY} (?:dabaye|dabaen|dabaiye|press|dial)"
    rf"|\b{_KEY} (?:dabaye|dabaen|dabaiye|dabayen)\b"
    r"|\b(?:main|following) (?:menu|options)\b.*\b(?:press|dial|select|choose)"
    r"|\byour call (?:is important|may be (?:monitored|recorded)|will be (?:recorded|answered))"
    r"|\ball (?:of )?our (?:agents|executives|representatives|lines) are\b"
    r"|\b(?:enter|dial) (?:the|your) (?:extension|party)"
)
_SCREENER = re.compile(
    r"\b(?:say|record) your (?:full )?name\b(?=.{0,40}\b(?:after|why|reason|tone|beep)\b)"
    r"|\bstate your name\b|\bscreening (?:service|this call|calls|assistant)\b"
    r"|\busing a (?:call )?screening|\bcall assist(?:ant)? (?:for|of)\b"
    r"|\bi'll see if (?:this|the) (?:person|party|customer) is available"
    r"|\bplease stay on the line (?:while|as) (?:i|we) (?:try|connect|check)"
)
_HINGLISH = re.compile(
    r"\b(?:beep|tone) ke baad\b.{0,30}\b(?:sandesh|message|bol\w*|chhod\w*|chod\w*|record)"
    r"|\b(?:apna|kripya|please)\b.{0,20}\b(?:sandesh|message) (?:chhod|chod|record)\w*"
    r"|\bsampark (?:kar|karna) .{0,30}(?:uplabdh|vyast|band|bahar) "
    r"|\bkripya (?:thodi der|kuchh samay) (?:baad|ke baad|mein)\b.{0,20}\b(?:prayas|koshish)"
    r"|\bdial kiya (?:gaya|hua)? ?(?:number|nambar)"
)
_DEVANAGARI = re.compile(
    r"(?:संदेश|मैसेज) (?:छोड़|रिकॉर्ड)|टोन के बाद|बीप के बाद|दबाएं|दबाएँ|दबाइए|उपलब्ध नहीं है|स्विच ऑफ|नेटवर्क क्षेत्र|डायल किया"
)


def sounds_like_voicemail_greeting(text: str) -> bool:
    """Return True for the words of a mailbox, network announcement, IVR menu or call screener."""
    words = re.sub(r"\s+", " ", text.casefold().replace("\u2019", "'")).strip()
    return sounds_like_voicemail(text) or any(
        pattern.search(words) for pattern in (_MENU, _SCREENER, _HINGLISH, _DEVANAGARI)
    )
