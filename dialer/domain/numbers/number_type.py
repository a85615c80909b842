"""The type of a phone number: mobile, fixed line, toll-free and so on."""

import phonenumbers


def kind_of(e164: str) -> str:
    """Return the type by the numbering plan (`MOBILE`, `PREMIUM_RATE`, …); `UNKNOWN` for an invalid number."""
    try:
        number = phonenumbers.parse(e164)
    except phonenumbers.NumberParseException:
        return "UNKNOWN"
    if not phonenumbers.is_valid_number(number):
        return "UNKNOWN"
    return phonenumbers.PhoneNumberType.to_string(phonenumbers.number_type(number))
