"""config: everything wrong is told at once, with the setting's name and what to do."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipeline import config
from pipeline.errors import ConfigError, FileError
from tests.sites import SETTINGS


def write(folder: Path, text: str) -> Path:
    """A folder with these settings."""
    (folder / config.FILE_NAME).write_text(text, encoding="utf-8")
    return folder


def problems(folder: Path) -> list[str]:
    """What is wrong with the settings, a line each."""
    with pytest.raises(ConfigError) as caught:
        config.load(folder)
    return str(caught.value).splitlines()


def test_what_is_written_is_what_is_meant(tmp_path: Path) -> None:
    """Values come from the file, defaults fill the rest, the site knows its addresses."""
    settings = config.load(write(tmp_path, SETTINGS))
    site = settings.as_site()
    assert (site.base_url, site.host) == ("https://news.example.org", "news.example.org")
    assert site.list_domain == "example.org"
    assert (settings.web.port, settings.transport) == (8000, "maildir")


def test_the_environment_comes_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """PARTWORK_SECTION__KEY overrides the file; naming a relay is enough to use it."""
    monkeypatch.setenv("PARTWORK_SMTP__HOST", "127.0.0.1")
    monkeypatch.setenv("PARTWORK_SMTP__PORT", "2525")
    monkeypatch.setenv("PARTWORK_SITE__TITLE", "From outside")
    settings = config.load(write(tmp_path, SETTINGS))
    assert (settings.smtp.host, settings.smtp.port) == ("127.0.0.1", 2525)
    assert (settings.site.title, settings.transport) == ("From outside", "smtp")


def test_all_problems_are_told_at_once(tmp_path: Path) -> None:
    """Missing keys, unknown keys, unknown sections and bad values come in one answer."""
    told = problems(
        write(
            tmp_path,
            '[site]\nbase_url = "news.example.org"\ntilte = "x"\nzone = "Berlin"\n'
            '[smtp]\nprot = 25\n[sheduler]\n[web]\nport = "many"\n',
        )
    )
    wanted = {
        "[site] base_url": "https",
        "[site] tilte": "did you mean title?",
        "[site] title": "missing",
        "[site] from": "missing",
        "[site] postal_address": "missing",
        "[site] zone": "Europe/Berlin",
        "[smtp] prot": "did you mean port?",
        "[sheduler]": "did you mean schedule?",
        "[web] port": "integer",
    }
    for where, what in wanted.items():
        assert [line for line in told if line.startswith(where + ":") and what in line], where
    assert len(told) == len(wanted)


def test_a_misspelt_variable_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A PARTWORK_ variable that names no setting is an error with the nearest name."""
    monkeypatch.setenv("PARTWORK_SMTP__HSOT", "x")
    (line,) = problems(write(tmp_path, SETTINGS))
    assert "PARTWORK_SMTP__HSOT" in line
    assert "did you mean PARTWORK_SMTP__HOST?" in line


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("base_url", "javascript:alert(1)"),
        ("base_url", "https://user:word@example.org"),
        ("base_url", "https://example.org/?q=1"),
        ("base_url", "https://exam ple.org"),
        ("from", "news"),
        ("from", "a@example.org, b@example.org"),
        ("from", "a@example.org\\nBcc: b@example.org"),
        ("title", "two\\nlines"),
        ("zone", "EST5"),
        ("zone", "UTC+2"),
        ("secret", "changeme"),
        ("secret", "short"),
        ("accent", "#dddddd"),
        ("accent", "red"),
    ],
)
def test_bad_values_are_refused(tmp_path: Path, key: str, value: str) -> None:
    """A value that cannot be used is refused by the name of its setting."""
    kept = "\n".join(line for line in SETTINGS.splitlines() if not line.startswith(key + " "))
    (line,) = problems(write(tmp_path, f'{kept}\n{key} = "{value}"\n'))
    assert line.startswith("[site] " + key.removesuffix("_dark"))


def test_a_path_prefix_is_kept(tmp_path: Path) -> None:
    """A base URL may have a path; its trailing slash does not count."""
    text = SETTINGS.replace("news.example.org", "example.org/serials/")
    site = config.load(write(tmp_path, text)).as_site()
    assert site.url("sleep/") == "https://example.org/serials/sleep/"


def test_no_settings_is_told(tmp_path: Path) -> None:
    """A folder that is no site's says how to make one."""
    with pytest.raises(FileError, match="partwork init"):
        config.load(tmp_path)


def test_what_is_not_toml_is_told(tmp_path: Path) -> None:
    """A syntax error names file and line."""
    with pytest.raises(FileError, match=r"partwork\.toml: is not TOML.*line 2"):
        config.load(write(tmp_path, "[site]\ntitle = \n"))


def test_secrets_are_masked(tmp_path: Path) -> None:
    """The effective settings show that there is a secret, never which."""
    secret = "q8Zr4mWx7LkP2vNc9TbY5hJd3FgS6aUe"  # noqa: S105 -- made up for this test
    settings = config.load(write(tmp_path, f'{SETTINGS}secret = "{secret}"\n'))
    shown = str(config.effective(settings))
    assert secret not in shown
    assert config.MASK in shown


def test_the_password_of_a_database_is_masked(tmp_path: Path) -> None:
    """The effective settings show where the database is, and not how to get in."""
    url = "postgresql://news:q8Zr4mWx7@db.example.org/news"
    settings = config.load(write(tmp_path, f'{SETTINGS}[store]\nurl = "{url}"\n'))
    shown = config.effective(settings)["store"]["url"]
    assert shown == "postgresql://news:***@db.example.org/news"
    assert settings.store.url == url
