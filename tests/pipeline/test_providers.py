"""What mail providers report by webhook: signatures, what a report means, what follows from it."""

from __future__ import annotations

import base64
import hmac
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from fastapi.testclient import TestClient
from httpx2 import Response
from hypothesis import given
from hypothesis import strategies as st

from pipeline import delivery, jobs, store
from pipeline.app import App, open_site
from pipeline.delivery import BounceKind, Keys, Request
from pipeline.errors import CallError, UntrustedError, UsageError
from pipeline.model import SubscriberStatus
from pipeline.web import create_app
from tests.certificates import certificate
from tests.sites import SETTINGS, make_site, run_once, subscribe, write_guide

MONDAY = "2026-03-09T09:05+01:00"
TOPIC = "arn:aws:sns:eu-west-1:123456789012:mail"
POSTMARK, MAILGUN = "partwork:correct horse battery", "key-0123456789abcdef"
EC_KEY = ec.generate_private_key(ec.SECP256R1())
RSA_KEY = rsa.generate_private_key(65537, 2048)
SENDGRID = base64.b64encode(
    EC_KEY.public_key().public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )
).decode()
CERTIFICATE_URL = "https://sns.eu-west-1.amazonaws.com/SimpleNotificationService-0a1b.pem"
GONE = "smtp; 550 5.1.1 <a@example.org>: Recipient address rejected: User unknown"
FULL = "smtp; 552 5.2.2 mailbox full"


@dataclass
class Amazon:
    """Shows its certificate, and writes down what it was asked for."""

    document: bytes = certificate(RSA_KEY)
    asked: list[str] = field(default_factory=list)
    is_down: bool = False

    def __call__(self, url: str) -> bytes:
        """Show it."""
        if self.is_down:
            raise CallError(url, "it cannot be reached", "it is asked again")
        self.asked.append(url)
        return self.document


def keys(fetch: Callable[[str], bytes] | None = None) -> Keys:
    """What all four are known by."""
    return Keys((TOPIC,), POSTMARK, MAILGUN, SENDGRID, fetch or Amazon())


Said = Mapping[str, Any]


def ses(event: Said, *, version: str = "2", **more: str) -> Request:
    """As SNS brings an event of SES, signed."""
    said = {
        "Type": "Notification",
        "MessageId": "22b80b92-fdea-4c2c-8f9d-bdfb0c7bf324",
        "TopicArn": TOPIC,
        "Subject": "Amazon SES Email Event Notification",
        "Message": json.dumps(event),
        "Timestamp": "2026-03-09T08:06:00.000Z",
        "SigningCertURL": CERTIFICATE_URL,
        "SignatureVersion": version,
    } | more
    names = ("Message", "MessageId", "Subject", "SubscribeURL", "Timestamp", "Token", "TopicArn")
    if said["Type"] != "Notification":
        del said["Subject"]
    text = "".join(f"{name}\n{said[name]}\n" for name in (*names, "Type") if name in said)
    kind = hashes.SHA256() if version == "2" else hashes.SHA1()  # noqa: S303 -- as Amazon does
    raw = RSA_KEY.sign(text.encode(), padding.PKCS1v15(), kind)
    said["Signature"] = base64.b64encode(raw).decode()
    return Request(json.dumps(said).encode(), {"content-type": "text/plain"})


def postmark(report: Said, said: str = POSTMARK) -> Request:
    """As Postmark brings a report."""
    token = base64.b64encode(said.encode()).decode()
    return Request(json.dumps(report).encode(), {"authorization": f"Basic {token}"})


def mailgun(event: Said, key: str = MAILGUN) -> Request:
    """As Mailgun brings an event, signed."""
    stamp, token = "1773043560", "c1d3"
    signed = hmac.digest(key.encode(), (stamp + token).encode(), "sha256").hex()
    signature = {"timestamp": stamp, "token": token, "signature": signed}
    return Request(json.dumps({"signature": signature, "event-data": event}).encode())


def sendgrid(*events: Said, key: ec.EllipticCurvePrivateKey = EC_KEY) -> Request:
    """As SendGrid brings events, signed."""
    body, stamp = json.dumps(events).encode(), "1773043560"
    raw = key.sign(stamp.encode() + body, ec.ECDSA(hashes.SHA256()))
    named = "x-twilio-email-event-webhook"
    signature = base64.b64encode(raw).decode()
    return Request(body, {f"{named}-timestamp": stamp, f"{named}-signature": signature})


def ses_bounce(kind: str, sub: str, said: str, **mail: Any) -> Said:
    """A bounce as SES tells it."""
    recipient = {"emailAddress": "a@example.org", "status": "", "diagnosticCode": said}
    bounce = {"bounceType": kind, "bounceSubType": sub, "bouncedRecipients": [recipient]}
    return {"eventType": "Bounce", "bounce": bounce, "mail": mail}


def ses_complaint(kind: str) -> Said:
    """A complaint as SES tells it."""
    people = [{"emailAddress": "a@example.org"}]
    return {
        "notificationType": "Complaint",
        "complaint": {"complaintFeedbackType": kind, "complainedRecipients": people},
        "mail": {},
    }


def failed(severity: str, reason: str, message: str = "") -> Said:
    """A failure as Mailgun tells it."""
    status = {"code": 550 if message else None, "message": message}
    return {
        "event": "failed", "severity": severity, "reason": reason, "id": "x1",
        "recipient": "a@example.org", "delivery-status": status,
        "message": {"headers": {"message-id": "m@example.org"}},
    }  # fmt: skip


def event(name: str, **more: str) -> Said:
    """An event as SendGrid tells it."""
    return {
        "email": "a@example.org", "event": name, "sg_event_id": "e1",
        "smtp-id": "<m@example.org>", **more,
    }  # fmt: skip


def bounced(kind: str, details: str = "") -> Said:
    """A bounce as Postmark tells it."""
    return {
        "RecordType": "Bounce", "Type": kind, "ID": 4323372036854775807, "MessageID": "88-x",
        "Email": "a@example.org", "Details": details, "BouncedAt": "2026-03-09T08:06:00Z",
    }  # fmt: skip


READ: list[tuple[str, Request, BounceKind | None]] = [
    ("ses", ses(ses_bounce("Permanent", "General", GONE)), BounceKind.HARD),
    ("ses", ses(ses_bounce("Permanent", "General", GONE), version="1"), BounceKind.HARD),
    ("ses", ses(ses_bounce("Permanent", "General", FULL)), BounceKind.SOFT),
    ("ses", ses(ses_bounce("Permanent", "Suppressed", "")), BounceKind.HARD),
    ("ses", ses(ses_bounce("Transient", "MailboxFull", FULL)), BounceKind.SOFT),
    ("ses", ses(ses_bounce("Undetermined", "Undetermined", "")), BounceKind.SOFT),
    ("ses", ses(ses_complaint("abuse")), BounceKind.COMPLAINT),
    ("ses", ses(ses_complaint("")), BounceKind.COMPLAINT),
    ("ses", ses(ses_complaint("not-spam")), None),
    ("ses", ses({"eventType": "Delivery", "mail": {}}), None),
    ("ses", ses({}, Message="Successfully validated SNS topic"), None),
    ("postmark", postmark(bounced("HardBounce", GONE)), BounceKind.HARD),
    ("postmark", postmark(bounced("HardBounce", FULL)), BounceKind.SOFT),
    ("postmark", postmark(bounced("SoftBounce", FULL)), BounceKind.SOFT),
    ("postmark", postmark(bounced("Transient")), BounceKind.DELAYED),
    ("postmark", postmark(bounced("AutoResponder")), None),
    ("postmark", postmark(bounced("Unsubscribe")), BounceKind.UNSUBSCRIBE),
    (
        "postmark",
        postmark({"RecordType": "SpamComplaint", "Email": "a@example.org", "ID": 1}),
        BounceKind.COMPLAINT,
    ),
    (
        "postmark",
        postmark(
            {
                "RecordType": "SubscriptionChange",
                "Recipient": "a@example.org",
                "SuppressSending": True,
                "SuppressionReason": "ManualSuppression",
            }
        ),
        BounceKind.UNSUBSCRIBE,
    ),
    (
        "postmark",
        postmark(
            {
                "RecordType": "SubscriptionChange",
                "Recipient": "a@example.org",
                "SuppressSending": False,
                "SuppressionReason": None,
            }
        ),
        None,
    ),
    ("postmark", postmark({"RecordType": "Open", "Recipient": "a@example.org"}), None),
    ("mailgun", mailgun(failed("permanent", "bounce", "5.1.1 user unknown")), BounceKind.HARD),
    ("mailgun", mailgun(failed("permanent", "bounce", "mailbox full")), BounceKind.SOFT),
    ("mailgun", mailgun(failed("permanent", "suppress-bounce", "Not delivering")), BounceKind.HARD),
    ("mailgun", mailgun(failed("permanent", "suppress-complaint")), BounceKind.COMPLAINT),
    ("mailgun", mailgun(failed("permanent", "suppress-unsubscribe")), BounceKind.UNSUBSCRIBE),
    ("mailgun", mailgun(failed("permanent", "old", "too old")), BounceKind.SOFT),
    ("mailgun", mailgun(failed("temporary", "generic", "4.2.0 later")), BounceKind.DELAYED),
    (
        "mailgun",
        mailgun({"event": "complained", "recipient": "a@example.org"}),
        BounceKind.COMPLAINT,
    ),
    (
        "mailgun",
        mailgun({"event": "unsubscribed", "recipient": "a@example.org"}),
        BounceKind.UNSUBSCRIBE,
    ),
    ("mailgun", mailgun({"event": "opened", "recipient": "a@example.org"}), None),
    ("sendgrid", sendgrid(event("bounce", type="bounce", reason=GONE)), BounceKind.HARD),
    ("sendgrid", sendgrid(event("bounce", type="bounce", reason=FULL)), BounceKind.SOFT),
    ("sendgrid", sendgrid(event("bounce", type="blocked", reason=GONE)), BounceKind.SOFT),
    ("sendgrid", sendgrid(event("dropped", reason="Bounced Address")), BounceKind.HARD),
    ("sendgrid", sendgrid(event("dropped", reason="Unsubscribed Address")), BounceKind.UNSUBSCRIBE),
    ("sendgrid", sendgrid(event("dropped", reason="Spam Content")), BounceKind.SOFT),
    ("sendgrid", sendgrid(event("deferred", response="400 later")), BounceKind.DELAYED),
    ("sendgrid", sendgrid(event("spamreport")), BounceKind.COMPLAINT),
    ("sendgrid", sendgrid(event("group_unsubscribe")), BounceKind.UNSUBSCRIBE),
    ("sendgrid", sendgrid(event("delivered"), event("open")), None),
]


@pytest.mark.parametrize(("provider", "request_", "kind"), READ)
def test_what_a_report_means(provider: str, request_: Request, kind: BounceKind | None) -> None:
    """An address is gone only where its server's own words, or the provider's list, say so."""
    found = delivery.READERS[provider](request_, keys()).bounces
    assert [(one.kind, one.address) for _, one in found] == (
        [(kind, "a@example.org")] if kind else []
    )


def _tampered(one: Request) -> Request:
    return replace(one, body=one.body.replace(b"a@example.org", b"b@example.org"))


FORGED: list[tuple[str, Request]] = [
    ("ses", _tampered(ses(ses_bounce("Permanent", "General", GONE)))),
    ("ses", ses(ses_complaint("abuse"), TopicArn="arn:aws:sns:eu-west-1:1:another")),
    ("ses", ses(ses_complaint("abuse"), SigningCertURL="https://evil.example.org/a.pem")),
    (
        "ses",
        ses(
            ses_complaint("abuse"),
            SigningCertURL="https://sns.eu-west-1.amazonaws.com.evil.example.org/"
            "SimpleNotificationService-1.pem",
        ),
    ),
    (
        "ses",
        ses(
            ses_complaint("abuse"),
            SigningCertURL=CERTIFICATE_URL.replace("https", "http"),
        ),
    ),
    ("ses", ses({}, Type="UnsubscribeConfirmation", SubscribeURL="https://example.org/")),
    ("ses", ses({}, Type="SubscriptionConfirmation", SubscribeURL="https://evil.example.org/?a=b")),
    ("postmark", postmark(bounced("HardBounce", GONE), "partwork:guess")),
    ("postmark", replace(postmark(bounced("HardBounce", GONE)), headers={})),
    ("mailgun", mailgun(failed("permanent", "bounce"), "key-guess")),
    ("sendgrid", _tampered(sendgrid(event("spamreport")))),
    ("sendgrid", sendgrid(event("spamreport"), key=ec.generate_private_key(ec.SECP256R1()))),
    ("sendgrid", replace(sendgrid(event("spamreport")), headers={})),
]


@pytest.mark.parametrize(("provider", "request_"), FORGED)
def test_what_is_not_theirs_is_not_believed(provider: str, request_: Request) -> None:
    """Another key, another topic, a certificate from elsewhere, one octet changed."""
    with pytest.raises(UntrustedError, match=provider):
        delivery.READERS[provider](request_, keys())


@pytest.mark.parametrize("provider", sorted(delivery.READERS))
@given(body=st.binary(max_size=300), value=st.text(max_size=50))
def test_nothing_that_arrives_breaks_the_reading(provider: str, body: bytes, value: str) -> None:
    """Whatever is sent is refused by one of our errors, never by another."""
    names = ("authorization", "x-twilio-email-event-webhook-signature")
    with pytest.raises((UntrustedError, UsageError)):
        delivery.READERS[provider](Request(body, dict.fromkeys(names, value)), keys())


@pytest.mark.parametrize("body", [b"null", b"[]", b'"x"', b"{}", b'{"Type": []}'])
def test_json_of_another_form_says_nothing(body: bytes) -> None:
    """Postmark's password is right, the report is none: nothing follows, nothing breaks."""
    said = replace(postmark({}), body=body)
    assert delivery.READERS["postmark"](said, keys()).bounces == ()


@pytest.mark.parametrize("body", [b"", b"{", b"\xff", b"[" * 100_000])
def test_what_is_no_json_is_refused(body: bytes) -> None:
    """However deep it is."""
    with pytest.raises(UsageError, match="no JSON"):
        delivery.READERS["postmark"](replace(postmark({}), body=body), keys())


def test_a_topic_is_confirmed_by_asking_for_its_url() -> None:
    """Once its signature is known to be Amazon's, at an address of Amazon's."""
    amazon = Amazon()
    url = "https://sns.eu-west-1.amazonaws.com/?Action=ConfirmSubscription&Token=abc"
    asked = ses({}, Type="SubscriptionConfirmation", SubscribeURL=url, Token="abc")  # noqa: S106
    found = delivery.READERS["ses"](asked, keys(amazon))
    assert (found.confirmed, found.bounces) == (TOPIC, ())
    assert amazon.asked == [CERTIFICATE_URL, url]


@dataclass
class Place:
    """A site that listens to all four; two people got its first issue."""

    app: App
    amazon: Amazon
    client: TestClient

    def post(self, provider: str, one: Request) -> Response:
        """Bring a report."""
        return self.client.post(
            f"/api/incoming/{provider}", content=one.body, headers=dict(one.headers)
        )

    def status(self, address: str = "a@example.org") -> SubscriberStatus:
        """Whether somebody may be mailed."""
        with self.app.desk.store.read() as tx:
            person = store.subscribers.by_address(tx, address)
        assert person is not None
        return person.status

    def events(self) -> list[str]:
        """What happened to the first of them."""
        with self.app.desk.store.read() as tx:
            return [one.kind.value for one in store.events.of_subscriber(tx, 1)]


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    """A site whose settings name all providers."""
    said = (
        f'ses_topics = ["{TOPIC}"]\npostmark_password_file = "postmark"\n'
        f'mailgun_key_file = "mailgun"\nsendgrid_key = "{SENDGRID}"\n'
    )
    site = make_site(tmp_path / "site", f"{SETTINGS}\n[bounces]\n{said}")
    (site / "postmark").write_text(f"{POSTMARK}\n")
    (site / "mailgun").write_text(f"{MAILGUN}\n")
    write_guide(site)
    for name in ("a", "b"):
        subscribe(site, f"{name}@example.org", MONDAY)
    run_once(site, MONDAY)
    amazon = Amazon()
    with open_site(site, MONDAY) as opened:
        providers = replace(opened.desk.providers, fetch=amazon)
        app = replace(opened, desk=replace(opened.desk, providers=providers))
        yield Place(app, amazon, TestClient(create_app(app), base_url="http://127.0.0.1:8000"))


@pytest.mark.parametrize(
    ("provider", "one"),
    [
        ("ses", ses(ses_bounce("Permanent", "General", GONE))),
        ("postmark", postmark(bounced("HardBounce", GONE))),
        ("mailgun", mailgun(failed("permanent", "bounce", "5.1.1 user unknown"))),
        ("sendgrid", sendgrid(event("bounce", type="bounce", reason=GONE))),
    ],
)
def test_a_reported_address_is_not_mailed_any_more(
    place: Place, provider: str, one: Request
) -> None:
    """By its address alone, for the provider has put another Message-ID; told twice it is once."""
    first, again = place.post(provider, one), place.post(provider, one)
    assert (first.status_code, first.json()) == (200, {"learnt": 1, "ignored": 0})
    assert again.json() == {"learnt": 0, "ignored": 0}
    assert place.status() is SubscriberStatus.SUPPRESSED
    assert place.status("b@example.org") is SubscriberStatus.ACTIVE
    assert place.events() == ["bounced", "suppressed"]


def test_a_report_finds_its_delivery(place: Place) -> None:
    """Where it names our Message-ID or return path, the story of that very message tells it."""
    name = jobs.story(place.app.desk, "a@example.org", "water", 1).message_id
    said = ses_bounce("Permanent", "General", GONE, headers=[{"name": "Message-ID", "value": name}])
    assert place.post("ses", ses(said)).json()["learnt"] == 1
    told = jobs.story(place.app.desk, "a@example.org", "water", 1)
    assert [one.what for one in told.happenings][-1] == f"came back, hard: {GONE}"


def test_leaving_at_the_provider_is_leaving_everything(place: Place) -> None:
    """The provider would not carry our mail to them; who has left stays left when it is retold."""
    one = sendgrid(event("unsubscribe"))
    assert place.post("sendgrid", one).json() == {"learnt": 1, "ignored": 0}
    with place.app.desk.store.read() as tx:
        assert all(each.ended_at for each in store.subscribers.subscriptions(tx, 1))
    assert place.events() == ["left"]


def test_a_forged_report_is_refused(place: Place) -> None:
    """With 401, so that its operator sees it; nobody's mail is stopped."""
    for provider, one in FORGED:
        got = place.post(provider, one)
        assert got.status_code == 401, provider
        assert got.headers["content-type"] == "application/problem+json"
    assert place.status() is SubscriberStatus.ACTIVE


def test_a_certificate_that_cannot_be_had_is_asked_for_again(place: Place) -> None:
    """503: Amazon brings the report again."""
    place.amazon.is_down = True
    one = ses(ses_bounce("Permanent", "General", GONE))
    assert place.post("ses", one).status_code == 503
    place.amazon.is_down = False
    assert place.post("ses", one).json()["learnt"] == 1


def test_strangers_are_ignored(place: Place) -> None:
    """Who is no subscriber of ours, and who is not listened to."""
    one = replace(sendgrid(event("spamreport")), body=b"")
    said = dict(event("spamreport"), email="nobody@example.org")
    assert place.post("sendgrid", sendgrid(said)).json() == {"learnt": 0, "ignored": 1}
    assert place.post("sparkpost", one).status_code == 422


def test_a_provider_that_is_not_set_up_is_not_there(tmp_path: Path) -> None:
    """404, whatever it brings."""
    site = make_site(tmp_path / "site")
    with open_site(site, MONDAY) as app:
        web = TestClient(create_app(app), base_url="http://127.0.0.1:8000")
        for provider in delivery.READERS:
            assert web.post(f"/api/incoming/{provider}", content=b"{}").status_code == 404
