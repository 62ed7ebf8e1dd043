"""Letters of other scripts that look like Latin ones, for whoever writes аdvеrt with a Cyrillic а and е.

Source: Unicode's confusables.txt (UTS #39, Unicode licence), its pairs of one letter of the Greek, Cyrillic, Armenian,
Coptic, Cherokee, Lisu or extended Latin scripts with one of A to Z; the Cyrillic в к м н т besides, which look like
small capitals. Full-width letters are Latin already in NFKC. Digits are left alone: 0 and O are both meant often.
"""

_LIKE = {
    "a": "ɑΑαАаᎪꓮ",
    "b": "ƄΒВвЬᏏᏴꓐꞴ",
    "c": "СсᏟᴄⲤⲥꓚꮯ",
    "d": "ԁᎠᏧꓒꓓ",
    "e": "ΕЕеҽᎬꓰꬲ",
    "f": "ϜքẝꓝꞘꞙꬵ",
    "g": "ƍɡԌցᏀᏳᶃꓖ",
    "h": "ΗНнһհᎻᏂⲎꓧ",
    "i": "ıɩɪΙιІіӀӏᎥⲒꙇꭵ",
    "j": "ͿϳЈјᎫꓙꞲ",
    "k": "ΚКкᏦⲔꓗ",
    "l": "ᏞⳐꓡꓲ",
    "m": "ΜϺМмᎷⲘꓟ",
    "n": "ΝոռⲚꓠ",
    "o": "ΟοσОоՕօᴏᴑⲞⲟꓳꬽ",
    "p": "ΡρРрᏢⲢⲣꓑ",
    "q": "ԛգզ",
    "r": "ƦгᎡᏒᴦⲅꓣꭇꭈꮁ",
    "s": "ЅѕՏᏕᏚꓢꜱꮪ",
    "t": "ΤТтᎢⲦꓔ",
    "u": "ʋυՍսᴜꓴꞟꭎꭒ",
    "v": "νѴѵᏙᴠꓦꮩ",
    "w": "ɯѡԜԝաᎳᏔᴡꓪꮃ",
    "x": "ΧХхⲬꓫꞳ",
    "y": "ɣʏΥγУуҮүᎩᎽᶌỿⲨꓬꭚ",
    "z": "ΖᏃᴢꓜꮓ",
}
LOOKALIKES = {ord(like): latin for latin, likes in _LIKE.items() for like in likes}


def latin(text: str) -> str:
    """Return the text with every look-alike as the Latin letter (small) that it looks like; its length stays."""
    return text.translate(LOOKALIKES)
