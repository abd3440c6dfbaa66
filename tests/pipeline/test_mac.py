"""mac: codes that only who has the key could have made."""

import hmac

from hypothesis import given
from hypothesis import strategies as st

from pipeline.mac import mac


@given(st.binary(max_size=200), st.binary(max_size=200))
def test_a_code_is_hmac_sha256(key: bytes, said: bytes) -> None:
    """Whatever is said, under keys shorter and longer than a block (RFC 2104)."""
    assert mac(key, said) == mac(key, said) == hmac.digest(key, said, "sha256")
