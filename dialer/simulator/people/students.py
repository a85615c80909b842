"""The synthetic students: which one a number reaches, what they say, and how the scripted model reacts.

The last digit of a number selects the student, and some two-digit endings override it, so any list of numbers works.
Tool names and arguments are those of `dialer.ava.tool_schemas`. Student 1 follows a recorded real conversation.
"""

from collections.abc import Mapping

from dialer.simulator.people.script import (
    FIRST_SLOT,
    HELD_SLOT,
    AtOnce,
    Busy,
    Fails,
    HangsUp,
    IntoAva,
    NoAnswer,
    ScriptLine,
    Student,
    ToolUse,
)

_WHICH_COUNTRY = "That is wonderful. Which country and course do you have in mind?"
_WHEN = "Good choice. When would you like to start, and what budget do you have in mind?"
_OFFER = "Thank you. Shall I find a time for you with one of our experts?"
_NO_SLOT = "I could not find a time just now, one of us will write to you."
_BYE = "You are welcome. Goodbye, take care."

ENGAGED = ScriptLine(
    "Yes, hello. My name is Priya, my cousin studied abroad and she inspired me.",
    (ToolUse("save_enquiry", {"name": "Priya", "inspiration": "my cousin studied abroad"}),),
    _WHICH_COUNTRY,
)
CANADA = ScriptLine(
    "I want to study data science in Canada.",
    (ToolUse("save_enquiry", {"country": "Canada", "course": "data science"}),),
    _WHEN,
)
NEXT_YEAR = ScriptLine(
    "Next year, and my budget is twenty lakh rupees.",
    (ToolUse("save_enquiry", {"intake": "next year", "budget": "20 lakh rupees"}),),
    _OFFER,
)
MEET = ScriptLine("Yes, a meeting sounds good.", (ToolUse("find_slots"),), _NO_SLOT)
FIRST_ONE = ScriptLine("The first one is fine for me.", (ToolUse("hold_slot", {"slot": FIRST_SLOT}),), _NO_SLOT)
CONFIRM = ScriptLine("Yes, that is right, please book it.", (ToolUse("book_slot", {"slot": HELD_SLOT}),), _NO_SLOT)
THANKS = ScriptLine(
    "Great, thank you so much. Bye.",
    (ToolUse("end_call", {"outcome": "qualified", "reason": "meeting booked"}),),
    _BYE,
)
HELLO_AGAIN = ScriptLine(
    "Hello? Are you there?", (), "Yes, I am here. May I ask your name, and what you would like to study?"
)

_BOOKING_LINES = (MEET, FIRST_ONE, CONFIRM, THANKS)

BY_ENDING: Mapping[str, Student] = {
    "0": Student(
        "engaged", "is interested and books a meeting", "booked", lines=(ENGAGED, CANADA, NEXT_YEAR, *_BOOKING_LINES)
    ),
    "1": Student(
        "not_interested",
        "the recorded call: does not want to talk today",
        "not_interested",
        lines=(
            ScriptLine(
                "I am not interested to talk today. Thanks for calling.",
                (),
                "No problem at all. Whenever you want to talk about studying abroad, please reach out any time.",
            ),
            ScriptLine(
                "Thank you, bye-bye.",
                (ToolUse("end_call", {"outcome": "not_interested", "reason": "did not want to talk today"}),),
                "Goodbye, have a lovely day.",
            ),
        ),
    ),
    "2": Student("busy", "the line is busy", "busy", pickup=Busy()),
    "3": Student("no_answer", "does not pick up", "no_answer", pickup=NoAnswer()),
    "4": Student(
        "voicemail",
        "a voicemail box with a beep",
        "voicemail",
        lines=(
            ScriptLine(
                "You have reached the voicemail of this number. Please leave a message after the beep.",
                (ToolUse("end_call", {"outcome": "voicemail", "reason": "reached a voicemail box"}),),
                "Goodbye.",
                cue=AtOnce(400),
                voice="en-us+f2",
                beep=True,
            ),
        ),
        machine=True,
    ),
    "5": Student(
        "opt_out",
        "asks never to be called again",
        "do_not_call",
        lines=(
            ScriptLine(
                "Please don't call me again. Take me off your list.",
                (ToolUse("opt_out", {"words": "Please don't call me again. Take me off your list."}),),
                "I am sorry for the trouble. We will not call you again. Goodbye.",
            ),
        ),
    ),
    "6": Student(
        "interrupts",
        "talks over a long answer, then books a meeting",
        "booked",
        lines=(
            ScriptLine(
                "Can you tell me what One Window does?",
                (),
                "Of course. One Window helps students from the first idea to the first day on campus. We match you with"
                " universities, look for scholarships that fit your grades, prepare every paper for the admission and"
                " the visa, and our experts have done this for students in many countries over many years.",
            ),
            ScriptLine(
                "Sorry to cut in. I am Arjun, I want to do an MBA in Germany, next year, with fifteen lakh rupees.",
                (
                    ToolUse(
                        "save_enquiry",
                        {
                            "name": "Arjun",
                            "country": "Germany",
                            "course": "MBA",
                            "intake": "next year",
                            "budget": "15 lakh rupees",
                        },
                    ),
                ),
                _OFFER,
                cue=IntoAva(700),
                voice="en-us+m3",
            ),
            *_BOOKING_LINES,
        ),
    ),
    "7": Student(
        "call_later",
        "is in class and names a better time",
        "call_later",
        lines=(
            ScriptLine(
                "I am in class right now, can you call me tomorrow after 6?",
                (ToolUse("call_back", {"when": "tomorrow after 6"}),),
                "Of course, we will call you tomorrow after six.",
            ),
            ScriptLine(
                "Okay, thanks. Talk to you then.",
                (ToolUse("end_call", {"outcome": "call_later", "reason": "in class"}),),
                "Talk to you then. Goodbye.",
            ),
        ),
    ),
    "8": Student(
        "qualified",
        "answers every question but wants no meeting",
        "qualified",
        lines=(
            ENGAGED,
            CANADA,
            NEXT_YEAR,
            ScriptLine(
                "No meeting for now, thank you. Please just send me the details. Bye.",
                (ToolUse("end_call", {"outcome": "qualified", "reason": "wants details, no meeting"}),),
                "We will do that. Goodbye, and all the best.",
            ),
        ),
    ),
    "9": Student(
        "hangs_up",
        "hangs up in the middle of AVA's second response",
        "dropped",
        lines=(
            ScriptLine(
                "Hello, who is this?",
                (),
                "This is AVA, the AI assistant of One Window. May I know your name?",
                voice="en-us+m3",
            ),
            ScriptLine(
                "I am at work, what is it about?",
                (),
                "It is about your plan to study abroad. We help with the choice of a university, with scholarships,"
                " with the visa, and with everything else until you are on campus, so may I ask where you want to go?",
                voice="en-us+m3",
            ),
        ),
        hangs_up=HangsUp(lines=2, ms=900),
    ),
    "96": Student(
        "hindi",
        "begins in English, continues in Hindi, and wants no meeting",
        "qualified",
        lines=(
            ENGAGED,
            ScriptLine(
                "मुझे कनाडा में डेटा साइंस पढ़ना है।",
                (ToolUse("save_enquiry", {"country": "Canada", "course": "data science"}),),
                "बहुत अच्छा। आप कब से शुरू करना चाहते हैं, और आपका बजट कितना है?",
            ),
            ScriptLine(
                "अगले साल, और मेरा बजट बीस लाख रुपये है।",
                (ToolUse("save_enquiry", {"intake": "next year", "budget": "20 lakh rupees"}),),
                "धन्यवाद। क्या मैं हमारे एक्सपर्ट के साथ आपकी मीटिंग रख दूँ?",
            ),
            ScriptLine(
                "अभी मीटिंग नहीं, धन्यवाद। नमस्ते।",
                (ToolUse("end_call", {"outcome": "qualified", "reason": "wants no meeting now"}),),
                "ठीक है, आपका दिन शुभ हो। नमस्ते।",
            ),
        ),
    ),
    "95": Student(
        "opt_out_hindi",
        "asks in Hindi never to be called again; the model misses it",
        "do_not_call",
        lines=(
            ScriptLine(
                "मुझे दोबारा कॉल मत करना।",
                (),
                "जी। आप किस देश में पढ़ना चाहते हैं?",
            ),
        ),
    ),
    "94": Student(
        "gives_email",
        "books a meeting and gives an email address for the invitation",
        "booked",
        lines=(
            ENGAGED,
            CANADA,
            NEXT_YEAR,
            MEET,
            FIRST_ONE,
            CONFIRM,
            ScriptLine(
                "My email is priya dot nair at example dot com.",
                (ToolUse("save_enquiry", {"email": "priya dot nair at example dot com"}),),
                "Thank you, I have noted your e-mail address.",
            ),
            ScriptLine("Perfect, you have spelled my address well.", (), "Wonderful, the invitation is on its way."),
            THANKS,
        ),
    ),
    "97": Student(
        "wrong_person",
        "is a different person at this number",
        "wrong_person",
        lines=(
            ScriptLine(
                "You have the wrong number. There is no student here.",
                (ToolUse("end_call", {"outcome": "wrong_person", "reason": "no student at this number"}),),
                "I am sorry to have troubled you. Goodbye.",
                voice="en-us+m3",
            ),
        ),
    ),
    "98": Student("fails", "is unreachable for the carrier", "failed", pickup=Fails(404)),
    "99": Student(
        "opt_out_hinglish",
        "asks in Hinglish not to be called; the model misses it",
        "do_not_call",
        lines=(
            ScriptLine(
                "Mujhe call mat karo, please.", (), "I see. May I ask which country you would like to study in?"
            ),
        ),
    ),
}

LINES: Mapping[str, ScriptLine] = {
    line.text: line for line in (HELLO_AGAIN, *(line for student in BY_ENDING.values() for line in student.lines))
}


def student_for(number: str) -> Student:
    """Return the student that a number reaches."""
    digits = "".join(filter(str.isdigit, number))
    return BY_ENDING.get(digits[-2:]) or BY_ENDING[digits[-1]]
