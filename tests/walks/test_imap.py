"""A real IMAP server, Debian's Dovecot: unseen reports are read once, over TLS."""

from __future__ import annotations

import os
import pwd
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from pipeline.errors import RelayError
from pipeline.inbox import BounceOptions, Imap
from tests.certificates import write_certificate
from tests.ports import free_port
from tests.walks.test_tools import tool

pytestmark = [pytest.mark.tools, pytest.mark.timeout(120)]

CONFIG = """
protocols = imap
base_dir = {folder}/run
log_path = {folder}/log
ssl = required
ssl_cert = <{folder}/cert.pem
ssl_key = <{folder}/key.pem
mail_location = maildir:{folder}/mail
first_valid_uid = 1
passdb {{
  driver = passwd-file
  args = {folder}/users
}}
userdb {{
  driver = static
  args = uid=nobody gid=nogroup home={folder}
}}
service imap-login {{
  inet_listener imap {{
    port = 0
  }}
  inet_listener imaps {{
    address = 127.0.0.1
    port = {port}
  }}
}}
"""


@pytest.fixture
def server() -> Iterator[tuple[Path, int]]:
    """A running Dovecot with one empty mailbox, and its port."""
    if os.geteuid() != 0:
        pytest.skip("LOUD: Dovecot wants to be started by root")
    folder = Path(tempfile.mkdtemp(prefix="pw-imap-"))
    folder.chmod(0o755)
    write_certificate(folder)
    (folder / "users").write_text("bounces:{PLAIN}a password\n")
    nobody = pwd.getpwnam("nobody")
    for name in ("mail", "mail/new", "mail/cur", "mail/tmp"):
        (folder / name).mkdir()
        os.chown(folder / name, nobody.pw_uid, nobody.pw_gid)
    port = free_port()
    config = folder / "dovecot.conf"
    config.write_text(CONFIG.format(folder=folder, port=port))
    process = subprocess.Popen([tool("dovecot"), "-F", "-c", str(config)])  # noqa: S603 -- ours
    for _ in range(100):
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                break
        time.sleep(0.05)
    yield folder, port
    process.terminate()
    process.wait()
    shutil.rmtree(folder, ignore_errors=True)


def test_unseen_mail_is_taken_once(
    server: tuple[Path, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is new is given once, marked as seen and left there; a wrong password is told."""
    folder, port = server
    monkeypatch.setenv("SSL_CERT_FILE", str(folder / "cert.pem"))
    (folder / "password").write_text("a password\n")
    (folder / "wrong").write_text("another\n")
    for n in range(2):
        path = folder / "mail/new" / f"{n}.eml"
        path.write_text(f"Subject: report {n}\n\nIt came back.\n")
        path.chmod(0o644)
    options = BounceOptions(
        imap_host="localhost",
        imap_port=port,
        imap_username="bounces",
        imap_password_file="password",  # noqa: S106 -- the name of a file
    )
    inbox = Imap(options, folder)
    taken = list(inbox.take())
    assert sorted(one.split(b"\r\n")[0] for one in taken) == [
        b"Subject: report 0",
        b"Subject: report 1",
    ]
    assert list(inbox.take()) == []
    wrong = BounceOptions("", "", "localhost", port, "bounces", "wrong")
    with pytest.raises(RelayError, match=r"\[bounces\] imap_"):
        list(Imap(wrong, folder).take())
