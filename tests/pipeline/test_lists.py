"""lists: files of subscribers, ours and other programs', in and out again."""

from __future__ import annotations

import csv
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from email_validator import EmailNotValidError, validate_email
from hypothesis import given
from hypothesis import strategies as st

from pipeline import jobs, store
from pipeline.app import App, open_site
from pipeline.errors import FileError
from pipeline.jobs.lists import DANGEROUS, neutral, plain
from pipeline.jobs.subscribe import _quick, mail_address
from tests.sites import SETTINGS, at, make_site, write_guide

NOW = at("2026-03-09T09:05+01:00")
ROOT = Path(__file__).parents[2]
PLAINLY = jobs.ImportOptions()
CONSENT = "email,status,consent_at,consent_source\n"


@pytest.fixture
def app(tmp_path: Path, database_url: str) -> Iterator[App]:
    """A site with a guide, on each kind of database."""
    site = make_site(tmp_path / "site", f'{SETTINGS}[store]\nurl = "{database_url}"\n')
    write_guide(site)
    with open_site(site) as opened:
        jobs.tick(opened.desk, NOW)
        yield opened


def taken(app: App, text: str, options: jobs.ImportOptions = PLAINLY) -> jobs.ImportReport:
    """A text as a list is taken in."""
    return jobs.import_list(app.desk, text.splitlines(keepends=True), "list.csv", NOW, options)


def people(app: App) -> dict[str, str]:
    """Who there is, and how they stand."""
    with app.desk.store.read() as tx:
        return {one.address: one.status.value for one in store.subscribers.everyone(tx)}


EXPORTS = {
    "listmonk": (
        "uuid,email,name,attributes,status,created_at,updated_at\n"
        'u-1,a@example.org,Ann,"{}",enabled,2024-01-02 03:04:05+00,2024-01-02 03:04:05+00\n'
        'u-2,b@example.org,Ben,"{}",blocklisted,2024-01-02 03:04:05+00,2024-01-02 03:04:05+00\n'
        'u-3,c@example.org,Cem,"{}",disabled,2024-01-02 03:04:05+00,2024-01-02 03:04:05+00\n',
        ("pending", "suppressed", "unsubscribed"),
    ),
    "ghost": (
        "id,email,name,note,subscribed_to_emails,complimentary_plan,stripe_customer_id,created_at,"
        "deleted_at,labels,tiers\n"
        "1,a@example.org,Ann,,true,false,,2024-01-02T03:04:05.000Z,,,\n"
        "2,b@example.org,Ben,,false,false,,2024-01-02T03:04:05.000Z,,,\n"
        "3,c@example.org,Cem,,true,false,,,,,\n",
        ("active", "unsubscribed", "pending"),
    ),
    "mailchimp": (
        '"Email Address","First Name","Last Name",MEMBER_RATING,OPTIN_TIME,OPTIN_IP,CONFIRM_TIME,'
        "CONFIRM_IP,UNSUB_TIME,CLEAN_TIME,LEID,EUID\n"
        'a@example.org,Ann,Lee,2,"2024-01-02 03:04:05",,"2024-01-02 03:05:05",,,,1,x\n'
        'b@example.org,Ben,,2,"2024-01-02 03:04:05",,,,"2024-02-02 03:04:05",,2,y\n'
        'c@example.org,Cem,,2,,,,,,"2024-02-02 03:04:05",3,z\n',
        ("active", "unsubscribed", "suppressed"),
    ),
    "buttondown": (
        "id,email_address,notes,metadata,tags,creation_date,source,type\n"
        "1,a@example.org,,,,2024-01-02T03:04:05Z,organic,regular\n"
        "2,b@example.org,,,,2024-01-02T03:04:05Z,organic,unactivated\n"
        "3,c@example.org,,,,2024-01-02T03:04:05Z,organic,complained\n",
        ("active", "pending", "suppressed"),
    ),
}


@pytest.mark.parametrize("program", EXPORTS)
def test_exports_of_others_are_known(app: App, program: str) -> None:
    """Who may be mailed there and agreed may be here; who may not there may not here."""
    text, wanted = EXPORTS[program]
    report = taken(app, text)
    assert (report.added, report.refused) == (3, ())
    names = ("a@example.org", "b@example.org", "c@example.org")
    assert people(app) == dict(zip(names, wanted, strict=True))


def test_nobody_is_active_who_did_not_agree(app: App) -> None:
    """Without a time and a source a row is pending (I06), unless the operator vouches for it."""
    text = (
        "email,status,consent_at,consent_source\n"
        "a@example.org,active,,\nb@example.org,active,2024-01-02,\nc@example.org,active,,fair\n"
        "d@example.org,active,2024-01-02,fair\ne@example.org,,,\n"
    )
    report = taken(app, text)
    assert (report.added, report.unproven) == (5, 4)
    assert people(app)["d@example.org"] == "active"
    vouched = jobs.ImportOptions("2024-05-01", "signed the list at the fair")
    report = taken(app, "email\nf@example.org\n", vouched)
    assert (report.unproven, people(app)["f@example.org"]) == (0, "active")


def test_one_person_is_one_row(app: App) -> None:
    """The domain's case, its Unicode form and spaces do not make two of one (I07)."""
    text = (
        "email\nAnn@Example.org\n Ann@example.ORG \nann@example.org\n"
        "bob@bücher.example.org\nbob@xn--bcher-kva.example.org\n"
    )
    report = taken(app, text)
    assert (report.added, report.known) == (3, 2)
    assert set(people(app)) == {
        "Ann@example.org",
        "ann@example.org",
        "bob@xn--bcher-kva.example.org",
    }


@pytest.mark.parametrize("head", ["\ufeffEMAIL;Name", "email\tNAME", "Email , name"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_files_come_as_programs_write_them(app: App, head: str, end: str) -> None:
    """Byte order marks, semicolons, tabs, CRLF, headers in any case (I04)."""
    separator = next(each for each in ";\t," if each in head)
    report = taken(app, f"{head}{end}a@example.org{separator}Ann{end}")
    assert (report.added, report.refused) == (1, ())


def test_a_dry_run_counts_as_the_run_does(app: App) -> None:
    """The same figures, and nothing kept (I08)."""
    rows = [f"reader{n % 700}@example.org,active,2024-01-02,page" for n in range(900)]
    rows += ["nobody,active,,", "x@example.org,nonsense,,", "z@example.org,suppressed,,"]
    text = "email,status,consent_at,consent_source\n" + "\n".join(rows) + "\n"
    dry = taken(app, text, jobs.ImportOptions(is_dry=True))
    assert people(app) == {}
    wet = taken(app, text)
    assert (dry.added, dry.known, dry.refused, dry.by_status) == (
        wet.added, wet.known, wet.refused, wet.by_status,
    )  # fmt: skip
    assert (wet.added, wet.known, len(wet.refused)) == (701, 200, 2)


def test_suppressions_win(app: App) -> None:
    """Who may not be mailed here is not revived; who may not there is suppressed here."""
    both = "a@example.org,active,2024-01-02,page\nb@example.org,active,2024-01-02,page\n"
    taken(app, CONSENT + both)
    with app.desk.store.write() as tx:
        first = store.subscribers.by_address(tx, "a@example.org")
        assert first is not None
        store.subscribers.suppress(tx, first.id)
    taken(app, CONSENT + "a@example.org,active,2026-01-02,page\nb@example.org,suppressed,,\n")
    assert people(app) == {"a@example.org": "suppressed", "b@example.org": "suppressed"}


@given(st.text(alphabet=st.sampled_from(DANGEROUS + "'ab \u00e9\"\n,;"), max_size=12))
def test_no_field_is_a_formula(value: str) -> None:
    """Whatever it holds, a field begins harmlessly, and is read back as it was (I09)."""
    shown = neutral(value)
    assert shown[:1] not in set(DANGEROUS)
    assert plain(shown) == value


def test_what_is_given_out_comes_in_again(app: App, tmp_path: Path) -> None:
    """Into another site: the same people, times, guides and consent; again, nobody is new."""
    text = (
        "email,name,zone,hour,guides,mode,cadence,status,consent_at,consent_source\n"
        '=a@example.org,"@SUM(1)",Asia/Tokyo,7,water,drip,every 2 days,active,2024-01-02T03:04Z,p\n'
        "+b@example.org,'=x,,,,live,,unsubscribed,2024-01-02T03:04Z,-fair\n"
        "c@example.org,Cem,,,-,,,pending,,\n"
    )
    assert taken(app, text).refused == ()
    lines = list(jobs.export_list(app.desk))
    assert not any(cell[:1] in set(DANGEROUS) for row in csv.reader(lines) for cell in row)
    other = make_site(tmp_path / "other")
    write_guide(other)
    with open_site(other) as second:
        jobs.tick(second.desk, NOW)
        assert jobs.import_list(second.desk, lines, "out.csv", NOW).added == 3
        assert list(jobs.export_list(second.desk)) == lines
        assert jobs.import_list(second.desk, lines, "out.csv", NOW).known == 3


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("name\nAnn\n", "no column `email`"),
        ("email,shoe_size\na@example.org,44\n", "unknown column shoe_size"),
        ("", "no column `email`"),
        ('email,name\na@example.org,"' + "x" * 200_000, "list.csv:2"),
    ],
)
def test_a_file_that_is_no_list_is_refused(app: App, text: str, said: str) -> None:
    """In one line that says where."""
    with pytest.raises(FileError, match=said):
        taken(app, text)


@given(
    st.emails()
    | st.from_regex(r"[A-Za-z0-9_.+-]{1,8}@[A-Za-z0-9.-]{1,9}\.(org|Example|test|arpa|c0m)")
)
def test_a_glance_says_what_the_validator_says(said: str) -> None:
    """Whatever is taken at a glance the validator takes too, and makes the same of it."""
    quick = _quick(said)
    try:
        found = validate_email(said, check_deliverability=False, allow_smtputf8=False)
    except EmailNotValidError:
        assert quick == ""
    else:
        assert quick in {"", found.ascii_email}
        assert mail_address(said) == found.ascii_email


def test_an_import_that_is_killed_is_done_by_the_next(tmp_path: Path) -> None:
    """Kill -9 half-way, then once more: everybody is there once (I02)."""
    site = make_site(tmp_path / "site")
    file = tmp_path / "list.csv"
    with file.open("w", encoding="utf-8") as out:
        out.write("email,consent_at,consent_source\n")
        out.writelines(f"reader{n}@example.org,2024-01-02,page\n" for n in range(60_000))
    command = [
        sys.executable,
        "-m",
        "pipeline",
        "--site",
        str(site),
        "subscriber",
        "import",
        str(file),
    ]
    first = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL)  # noqa: S603 -- ourselves
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline and not _count(site):
        time.sleep(0.02)
    os.kill(first.pid, signal.SIGKILL)
    first.wait()
    assert 0 < _count(site) < 60_000
    again = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)  # noqa: S603 -- ourselves
    assert "0 refused" in again.stdout
    assert _count(site) == 60_000


def _count(site: Path) -> int:
    if not (site / "var/partwork.db").exists():
        return 0
    with open_site(site) as app, app.desk.store.read() as tx:
        return sum(store.subscribers.count(tx).values())


@pytest.mark.parametrize("coding", ["latin-1", "utf-16", "utf-16-be", "cp1252"])
@pytest.mark.parametrize("before", [0, 30_000])
def test_another_coding_is_told_and_nothing_kept(tmp_path: Path, coding: str, before: int) -> None:
    """However far down the first odd byte stands, no row is taken, and no name garbled (I10)."""
    site = make_site(tmp_path / "site")
    rows = "".join(f"u{n}@example.org,x\n" for n in range(before))
    file = tmp_path / "list.csv"
    file.write_bytes(f"email,name\n{rows}z@example.org,Jürgen\n".encode(coding))
    command = [sys.executable, "-m", "pipeline", "--site", str(site), "subscriber", "import"]
    done = subprocess.run([*command, str(file)], capture_output=True, text=True, check=False)  # noqa: S603 -- ours
    assert done.returncode == 1
    assert "is not UTF-8" in done.stderr
    assert "save it as UTF-8" in done.stderr
    with open_site(site) as app:
        assert people(app) == {}
