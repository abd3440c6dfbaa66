"""token: what a link in a mail may be trusted to say."""

from hypothesis import given
from hypothesis import strategies as st

from pipeline import token

SECRET = b"s" * 32


@given(st.integers(0, 2**40), st.from_regex(r"[a-z0-9-]{1,40}", fullmatch=True))
def test_a_token_says_what_was_said(subscriber_id: int, guide: str) -> None:
    """Reading gives back whom and which guide, the same every time, and no address is in it."""
    made = token.leave(subscriber_id, guide, keys=(SECRET,))
    assert made == token.leave(subscriber_id, guide, keys=(SECRET,))
    assert token.read_leave(made, keys=(SECRET,)) == (subscriber_id, guide)
    assert "@" not in made
    assert "/" not in made


@given(st.integers(0, 200), st.characters(codec="ascii"))
def test_an_altered_token_says_nothing_else(place: int, character: str) -> None:
    """Changing a character or the secret never makes a token say something it was not made for."""
    made = token.leave(7, "sleep", keys=(SECRET,))
    place %= len(made)
    altered = made[:place] + character + made[place + 1 :]
    assert token.read_leave(altered, keys=(SECRET,)) in {None, (7, "sleep")}
    assert token.read_leave(made, keys=(b"t" * 32,)) is None
