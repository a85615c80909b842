"""Normalizes the country a student names to its common English name.

Pure. Typos are corrected only to study destinations, and never if the text is the name of another country; a typo that
matches two destinations becomes the more popular one.
"""

import re
import unicodedata

_DESTINATIONS = {
    "United Kingdom": "uk|u k|great britain|britain|gb|england|scotland|wales|northern ireland|the uk|ब्रिटेन|यूके",
    "United States": "us|usa|u s|u s a|america|united states of america|the states|states|amrika|अमेरिका|यूएसए",
    "Canada": "कनाडा|kanada",
    "Australia": "aus|oz|ऑस्ट्रेलिया",
    "New Zealand": "nz|n z|newzealand",
    "Ireland": "republic of ireland|eire",
    "Germany": "deutschland|germny|जर्मनी",
    "France": "",
    "Netherlands": "holland|the netherlands",
    "Italy": "italia",
    "Spain": "españa",
    "Portugal": "",
    "Switzerland": "swiss",
    "Austria": "österreich",
    "Belgium": "",
    "Sweden": "",
    "Norway": "",
    "Denmark": "",
    "Finland": "",
    "Iceland": "",
    "Poland": "",
    "Czech Republic": "czechia",
    "Hungary": "",
    "Romania": "",
    "Malta": "",
    "Cyprus": "",
    "Latvia": "",
    "Lithuania": "",
    "Estonia": "",
    "Russia": "russian federation",
    "Georgia": "",
    "Kazakhstan": "",
    "Kyrgyzstan": "",
    "Ukraine": "",
    "Singapore": "",
    "Malaysia": "",
    "Japan": "",
    "South Korea": "korea",
    "China": "",
    "Hong Kong": "hongkong",
    "Taiwan": "",
    "Philippines": "the philippines",
    "United Arab Emirates": "uae|u a e|dubai|abu dhabi|emirates",
    "India": "bharat|भारत",
    "South Africa": "",
    "Turkey": "türkiye|turkiye",
}
_ELSEWHERE = """
Afghanistan|Albania|Algeria|Andorra|Angola|Argentina|Armenia|Azerbaijan|Bahamas|Bahrain|Bangladesh|Barbados|Belarus|
Belize|Benin|Bhutan|Bolivia|Botswana|Brazil|Brunei|Bulgaria|Burundi|Cambodia|Cameroon|Chad|Chile|Colombia|Congo|
Costa Rica|Croatia|Cuba|Dominica|Ecuador|Egypt|Eritrea|Ethiopia|Fiji|Gabon|Gambia|Ghana|Greece|Grenada|Guatemala|
Guinea|Guyana|Haiti|Honduras|Indonesia|Iran|Iraq|Israel|Jamaica|Jordan|Kenya|Kiribati|Kosovo|Kuwait|Laos|Lebanon|
Lesotho|Liberia|Libya|Liechtenstein|Luxembourg|Macau|Madagascar|Malawi|Maldives|Mali|Mauritania|Mauritius|Mexico|
Moldova|Monaco|Mongolia|Montenegro|Morocco|Mozambique|Myanmar|Namibia|Nauru|Nepal|Nicaragua|Niger|Nigeria|North Korea|
Oman|Pakistan|Palau|Palestine|Panama|Paraguay|Peru|Qatar|Rwanda|Samoa|San Marino|Saudi Arabia|Senegal|Serbia|
Seychelles|Sierra Leone|Slovakia|Slovenia|Somalia|South Sudan|Sri Lanka|Sudan|Suriname|Syria|Tajikistan|Tanzania|
Thailand|Togo|Tonga|Tunisia|Turkmenistan|Tuvalu|Uganda|Uruguay|Uzbekistan|Vanuatu|Venezuela|Vietnam|Yemen|Zambia|
Zimbabwe
"""
_NAMES = {name.casefold(): name for name in (*_DESTINATIONS, *(entry.strip() for entry in _ELSEWHERE.split("|")))} | {
    alias: name for name, aliases in _DESTINATIONS.items() for alias in aliases.split("|") if alias
}
_TYPED = {alias: name for alias, name in _NAMES.items() if name in _DESTINATIONS and len(alias) >= 5}
_BETWEEN = re.compile(r"\s*(?:[/,;&+|]|\bor\b|\band\b|\bya\b|\baur\b)\s*", re.I)


def canonical_country(text: str) -> str | None:
    """Return English names joined with " or " ("Canada or Australia"); None unless every part is a country."""
    parts = [part for part in _BETWEEN.split(text) if part.strip(" .")]
    names = [_one(part) for part in parts]
    if not names or None in names:
        return None
    return " or ".join(dict.fromkeys(name for name in names if name))


def _one(text: str) -> str | None:
    words = " ".join(unicodedata.normalize("NFC", text).replace(".", " ").replace("-", " ").split()).casefold()
    if words in _NAMES:
        return _NAMES[words]
    if len(words) < 5:
        return None
    allowed = 1 if len(words) < 8 else 2
    near = [(_distance(words, alias, allowed), name) for alias, name in _TYPED.items()]
    distance, best = min(near, key=lambda candidate: candidate[0])
    return best if distance <= allowed else None


def _distance(a: str, b: str, allowed: int) -> int:
    """Return the Damerau-Levenshtein distance; `allowed + 1` as soon as it is certain to exceed `allowed`."""
    if abs(len(a) - len(b)) > allowed:
        return allowed + 1
    before: list[int] = []
    row = list(range(len(b) + 1))
    for i, left in enumerate(a, 1):
        older, before, row = before, row, [i]
        for j, right in enumerate(b, 1):
            cost = min(before[j] + 1, row[j - 1] + 1, before[j - 1] + (left != right))
            if i > 1 and j > 1 and left == b[j - 2] and a[i - 2] == right:
                cost = min(cost, older[j - 2] + 1)
            row.append(cost)
        if min(row) > allowed:
            return allowed + 1
    return row[-1]
