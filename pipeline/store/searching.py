"""Searching the text of what is out: all words, in any order, the last one also when it goes on.

SQLite has FTS5 (https://sqlite.org/fts5.html) in a table that triggers keep; PostgreSQL has an
index over the same text. Neither stems: a site may speak many languages.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass

from sqlalchemy import Connection, String, bindparam, text

INDEX = "issue_search"
SQLITE = (
    "CREATE VIRTUAL TABLE issue_search USING fts5("
    "id UNINDEXED, subject, guide_title, headings, words,"
    " tokenize = 'unicode61 remove_diacritics 2')",
    "INSERT INTO issue_search SELECT id, subject, guide_title, headings, words FROM issue",
    "CREATE TRIGGER issue_search_new AFTER INSERT ON issue BEGIN"
    " INSERT INTO issue_search"
    " VALUES (new.id, new.subject, new.guide_title, new.headings, new.words); END",
    "CREATE TRIGGER issue_search_old AFTER DELETE ON issue BEGIN"
    " DELETE FROM issue_search WHERE id = old.id; END",
    "CREATE TRIGGER issue_search_edit"
    " AFTER UPDATE OF subject, guide_title, headings, words ON issue"
    " WHEN (old.subject, old.guide_title, old.headings, old.words)"
    " IS NOT (new.subject, new.guide_title, new.headings, new.words) BEGIN"
    " UPDATE issue_search SET subject = new.subject, guide_title = new.guide_title,"
    " headings = new.headings, words = new.words WHERE id = new.id; END",
)
_DOCUMENT = (
    "setweight(to_tsvector('simple', subject), 'A')"
    " || setweight(to_tsvector('simple', guide_title || ' ' || headings), 'B')"
    " || to_tsvector('simple', words)"
)
POSTGRESQL = (f"CREATE INDEX ix_issue_search ON issue USING gin (({_DOCUMENT}))",)

OPEN, CLOSE = "\x02", "\x03"
"""Around the words that were found, in an excerpt."""

MOST_WORDS, LONGEST = 12, 60
"""Of a question, and characters of a word."""

_WORD = re.compile(r"\w+")

_FIND = {
    "sqlite": """SELECT issue.path, issue.subject, issue.guide_title, issue.lang, issue.number,
            snippet(issue_search, 4, :open, :close, '…', 24) AS said
        FROM issue_search JOIN issue ON issue.id = issue_search.id
        WHERE issue_search MATCH :wanted AND issue.guide NOT IN :without
        ORDER BY bm25(issue_search, 0.0, 8.0, 3.0, 4.0, 1.0), issue.released_at DESC, issue.id
        LIMIT :most""",
    "postgresql": f"""SELECT path, subject, guide_title, lang, number,
            ts_headline('simple', words, to_tsquery('simple', :wanted),
            'MaxFragments=1, MaxWords=24, MinWords=12, StartSel="' || :open || '", StopSel="'
            || :close || '"') AS said
        FROM issue
        WHERE ({_DOCUMENT}) @@ to_tsquery('simple', :wanted) AND guide NOT IN :without
        ORDER BY ts_rank({_DOCUMENT}, to_tsquery('simple', :wanted)) DESC, released_at DESC, id
        LIMIT :most""",  # noqa: S608 -- a constant of ours
}


@dataclass(frozen=True, slots=True)
class Found:
    """An issue in which all the words are."""

    path: str
    subject: str
    guide_title: str
    lang: str
    number: int
    excerpt: str
    """Where they are, each between OPEN and CLOSE."""


def search(
    tx: Connection, said: str, without: Collection[str], most: int = 30
) -> tuple[Found, ...]:
    """The issues in which all the words are, those first that are about them.

    Args:
        tx: The transaction.
        said: What somebody typed; whatever is no word of it is not looked at.
        without: Guides that are not shown.
        most: How many at most.
    """
    words = [word[:LONGEST] for word in _WORD.findall(said.replace("_", " "))][:MOST_WORDS]
    if not words:
        return ()
    if tx.dialect.name == "sqlite":
        wanted = " ".join(f'"{word}"' for word in words) + "*"
    else:
        wanted = " & ".join(words) + ":*"
    find = text(_FIND[tx.dialect.name]).bindparams(
        bindparam("without", type_=String, expanding=True)
    )
    given = {"wanted": wanted, "without": list(without), "most": most}
    rows = tx.execute(find, given | {"open": OPEN, "close": CLOSE})
    return tuple(
        Found(row.path, row.subject, row.guide_title, row.lang, row.number, row.said)
        for row in rows
    )
