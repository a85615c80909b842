"""Time zones of US, Canadian and Australian states, provinces and territories, where a number does not give the zone.

Data only. A state with several zones lists them all, so that calling windows are intersected. Source: the IANA time
zone database.
"""

from typing import TypeAlias

_EAST, _CENTRAL, _MOUNTAIN, _PACIFIC = "America/New_York", "America/Chicago", "America/Denver", "America/Los_Angeles"

_US = """
AL alabama: C; AK alaska: America/Anchorage America/Adak; AZ arizona: America/Phoenix M; AR arkansas: C;
CA california: P; CO colorado: M; CT connecticut: E; DE delaware: E; DC district of columbia: E; FL florida: E C;
GA georgia: E; HI hawaii: Pacific/Honolulu; ID idaho: M P; IL illinois: C; IN indiana: E C; IA iowa: C;
KS kansas: C M; KY kentucky: E C; LA louisiana: C; ME maine: E; MD maryland: E; MA massachusetts: E; MI michigan: E C;
MN minnesota: C; MS mississippi: C; MO missouri: C; MT montana: M; NE nebraska: C M; NV nevada: P M;
NH new hampshire: E; NJ new jersey: E; NM new mexico: M; NY new york: E; NC north carolina: E; ND north dakota: C M;
OH ohio: E; OK oklahoma: C; OR oregon: P M; PA pennsylvania: E; PR puerto rico: America/Puerto_Rico;
RI rhode island: E; SC south carolina: E; SD south dakota: C M; TN tennessee: E C; TX texas: C M; UT utah: M;
VT vermont: E; VA virginia: E; WA washington: P; WV west virginia: E; WI wisconsin: C; WY wyoming: M
"""
_CA = """
AB alberta: America/Edmonton; BC british columbia: America/Vancouver America/Edmonton; MB manitoba: America/Winnipeg;
NB new brunswick: America/Moncton; NL newfoundland and labrador: America/St_Johns America/Halifax;
NS nova scotia: America/Halifax; NT northwest territories: America/Edmonton;
ON ontario: America/Toronto America/Winnipeg; NU nunavut: America/Iqaluit America/Rankin_Inlet America/Edmonton;
PE prince edward island: America/Halifax; QC quebec: America/Toronto America/Halifax; SK saskatchewan: America/Regina;
YT yukon: America/Whitehorse
"""
_AU = """
ACT australian capital territory: Australia/Sydney; NSW new south wales: Australia/Sydney;
NT northern territory: Australia/Darwin; QLD queensland: Australia/Brisbane; SA south australia: Australia/Adelaide;
TAS tasmania: Australia/Hobart; VIC victoria: Australia/Melbourne; WA western australia: Australia/Perth
"""
_SHORT = {"E": _EAST, "C": _CENTRAL, "M": _MOUNTAIN, "P": _PACIFIC}

ZonesByState: TypeAlias = dict[tuple[str, str], tuple[str, ...]]


def _read(region: str, text: str) -> ZonesByState:
    table: ZonesByState = {}
    for entry in text.replace("\n", " ").split(";"):
        names, zones = entry.split(":")
        code, name = names.strip().split(" ", 1)
        table[region, code.casefold()] = table[region, name] = tuple(_SHORT.get(zone, zone) for zone in zones.split())
    return table


STATE_ZONES: ZonesByState = _read("US", _US) | _read("CA", _CA) | _read("AU", _AU)
