"""What kind of line a number is."""

import phonenumbers


def kind_of(e164: str) -> str:
    """The kind by the numbering plan (`MOBILE`, `PREMIUM_RATE`, …); `UNKNOWN` for what is no valid number."""
    try:
        number = phonenumbers.parse(e164)
    except phonenumbers.NumberParseException:
        return "UNKNOWN"
    if not phonenumbers.is_valid_number(number):
        return "UNKNOWN"
    return phonenumbers.PhoneNumberType.to_string(phonenumbers.number_type(number))
