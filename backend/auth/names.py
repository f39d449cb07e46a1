"""User names and e-mail addresses: what they may be, and when two of them are the same."""

import re
import unicodedata

MIN_NAME, MAX_NAME = 3, 32
MAX_EMAIL = 254

# Letters that exist once: ASCII, Han, kana, Hangul syllables. Whatever only looks like one of them (Cyrillic, full-width,
# accents, zero-width) is no part of a name, so it cannot make two names look alike.
_NAME = re.compile(
    r"[A-Za-z0-9_.\-"
    r"\u3005\u3007\u3400-\u4dbf\u4e00-\u9fff\U00020000-\U000323af"
    r"\u3041-\u3096\u309d\u309e\u30a1-\u30fa\u30fc-\u30fe\uac00-\ud7a3]+"
)
# Within those alphabets, the ones no eye can tell apart
_ALIKE = str.maketrans("ニハロカタトエーヘリ〇", "二八口力夕卜工一へり0")
_EMAIL = re.compile(
    r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}"
    r"@[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?(?:\.[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?)+"
)


def checked(name: str) -> str:
    """The name as it is kept. ValueError says what a name may be."""
    name = unicodedata.normalize("NFC", name)
    if not MIN_NAME <= len(name) <= MAX_NAME:
        raise ValueError(f"must have {MIN_NAME} to {MAX_NAME} characters")
    if not _NAME.fullmatch(name):
        raise ValueError("may have ASCII letters, digits, _, -, . and CJK characters")
    return name


def key(name: str) -> str:
    """Equal for names that are the same; takes any text, also one that is no name."""
    return unicodedata.normalize("NFKC", name).casefold().translate(_ALIKE)


def checked_email(email: str) -> str:
    """The address as it is kept. ValueError when it is none."""
    if len(email) > MAX_EMAIL or not _EMAIL.fullmatch(email):
        raise ValueError("must be an e-mail address")
    return email


def email_key(email: str) -> str:
    """Equal for addresses that reach the same mailbox nearly everywhere."""
    return email.casefold()
