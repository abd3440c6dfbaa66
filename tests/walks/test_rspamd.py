"""rspamd judges a signed message that comes from where its domain says it comes from."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import httpx2 as httpx
import pytest

from pipeline import dkim, mail
from tests import mails
from tests.walks.dns import serving
from tests.walks.test_tools import tool

pytestmark = [pytest.mark.tools, pytest.mark.timeout(120)]
DOMAIN = mails.SITE.sender.rpartition("@")[2]
SENT_FROM = "192.0.2.25"
KEY = dkim.read_key(dkim.make_key(dkim.KeyKind.RSA), "s1", "k")
CONF = """
options {{
  pidfile = "{folder}/pid"; tempdir = "{folder}"; cores_dir = "{folder}"; hs_cache_dir = "{folder}";
  dns {{ nameserver = ["127.0.0.1:{dns}:1"]; timeout = 2s; retransmits = 1; }}
  filters = "chartable,dkim,regexp"; local_addrs = []; task_timeout = 20s;
  explicit_modules = ["dkim"]; control_socket = "{folder}/control";
}}
logging {{ type = "file"; filename = "{folder}/log"; level = "warning"; }}
worker "normal" {{ bind_socket = "127.0.0.1:{port}"; count = 1; }}
.include "/etc/rspamd/common.conf"
metric {{ actions {{ reject = 15; add_header = 6; greylist = 4; }} }}
lua = "/usr/share/rspamd/rules/rspamd.lua";
"""


@contextmanager
def rspamd(folder: Path, dns: int) -> Iterator[str]:
    """A running rspamd that asks this name server, by its address."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    conf = folder / "rspamd.conf"
    conf.write_text(CONF.format(folder=folder, dns=dns, port=port))
    command = [tool("rspamd"), "--insecure", "--no-fork", "--config", str(conf)]
    server = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)  # noqa: S603
    try:
        _wait_for(port, server)
        yield f"http://127.0.0.1:{port}"
    finally:
        server.send_signal(signal.SIGTERM)
        try:
            server.wait(10)
        except subprocess.TimeoutExpired:
            server.kill()
            server.wait()
        if server.stderr:
            server.stderr.close()


def _wait_for(port: int, server: subprocess.Popen[bytes]) -> None:
    until = time.monotonic() + 40
    while time.monotonic() < until:
        assert server.poll() is None, server.stderr.read() if server.stderr else b""
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
        except OSError:
            time.sleep(0.2)
        else:
            return
    raise AssertionError("rspamd did not come up")


def test_rspamd_takes_it_for_mail(tmp_path: Path) -> None:
    """Score below zero, no action; signature, SPF and DMARC hold, the list is one."""
    now = datetime.now(UTC)  # noqa: TID251 -- rspamd judges dates by its own clock
    name, text = dkim.record(KEY, DOMAIN)
    halves = " ".join(f'"{text[at : at + 200]}"' for at in range(0, len(text), 200))
    records = {
        (f"{name}.", "TXT"): [halves],
        (f"{DOMAIN}.", "TXT"): [f'"v=spf1 ip4:{SENT_FROM} -all"'],
        (f"_dmarc.{DOMAIN}.", "TXT"): ['"v=DMARC1; p=reject; adkim=s; aspf=s"'],
        (f"{DOMAIN}.", "MX"): [f"10 mail.{DOMAIN}."],
        (f"{DOMAIN}.", "A"): [SENT_FROM],
        (f"mail.{DOMAIN}.", "A"): [SENT_FROM],
        ("25.2.0.192.in-addr.arpa.", "PTR"): [f"mail.{DOMAIN}."],
    }
    reader = mails.recipient(name="Robin Example", date=now)
    made = mail.compile(mails.issue(), mails.polyglot(), mails.templates())
    message = mail.address(made, reader)
    signed = dkim.sign(message.body, dkim.Signer(DOMAIN, (KEY,)), now)
    headers = {
        "IP": SENT_FROM, "Helo": f"mail.{DOMAIN}", "Hostname": f"mail.{DOMAIN}",
        "From": message.mail_from, "Rcpt": message.rcpt_to, "MTA-Name": "mx.example.org",
    }  # fmt: skip
    with serving(records) as port, rspamd(tmp_path, port) as url:
        said = httpx.post(f"{url}/checkv2", content=signed, headers=headers, timeout=40).json()
        spoilt = signed.replace(b"Sleep comes", b"Sleep goes")
        worse = httpx.post(f"{url}/checkv2", content=spoilt, headers=headers, timeout=40).json()
    symbols = {one: found["score"] for one, found in said["symbols"].items()}
    assert said["action"] == "no action", json.dumps(symbols)
    assert said["score"] < 0, json.dumps(symbols)
    wanted = {
        "R_DKIM_ALLOW", "R_SPF_ALLOW", "DMARC_POLICY_ALLOW", "MIME_GOOD", "FROM_HAS_DN",
        "TO_MATCH_ENVRCPT_ALL", "MID_RHS_MATCH_FROM", "REPLYTO_DOM_EQ_FROM_DOM",
    }  # fmt: skip
    assert wanted <= symbols.keys(), json.dumps(symbols)
    assert "R_DKIM_REJECT" in worse["symbols"]
    assert os.path.exists(tmp_path / "log")  # noqa: PTH110 -- it ran with our settings
