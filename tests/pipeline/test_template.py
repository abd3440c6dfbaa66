"""template: sources in, text out, in a sandbox."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from pipeline.errors import TemplateError
from pipeline.template import Templates


def render(source: str, name: str = "x.html", **context: object) -> str:
    """What one template gives."""
    return Templates({name: source}).render(name, **context)


def test_markup_in_values_is_escaped_once() -> None:
    """In HTML and XML a value's <, >, & and quotes are escaped; in text they stay."""
    value = """<b>&"'"""
    assert render("{{ x }}", x=value) == "&lt;b&gt;&amp;&#34;&#39;"
    assert render("{{ x }}", "x.txt", x=value) == value


def test_template_syntax_in_values_is_text() -> None:
    """What a writer wrote is never run."""
    assert render("{{ x }}", "x.txt", x="{{ 7 * 7 }}{% if %}") == "{{ 7 * 7 }}{% if %}"


@pytest.mark.parametrize(
    ("source", "line"),
    [
        ("a\n{{ nosuch }}", 2),
        ("\n\n{{ x.nosuch }}", 3),
        ("{% if %}", 1),
        ("a\n{{ x / 0 }}", 2),
        ("{{ x|nosuch }}", 1),
    ],
)
def test_a_mistake_is_named_with_its_line(source: str, line: int) -> None:
    """An undefined name, a missing attribute or bad syntax says template and line."""
    with pytest.raises(TemplateError) as caught:
        render(source, x=1)
    assert str(caught.value).startswith(f"templates/x.html:{line}: ")


def test_a_mistake_below_is_named_where_it_is() -> None:
    """An error in an included template names that template."""
    templates = Templates({"a.html": "{% include 'b.html' %}", "b.html": "\n{{ nosuch }}"})
    with pytest.raises(TemplateError, match=r"templates/b\.html:2: "):
        templates.render("a.html")


@pytest.mark.parametrize(
    "source",
    [
        "{{ ''.__class__ }}",
        "{{ x.append(1) }}",
        "{{ '{0.__class__}'.format(x) }}",
        "{{ x|attr('__class__') }}",
        "{% include '../secret' %}",
        "{% import 'os' as os %}",
        "{{ self.__init__.__globals__ }}",
    ],
)
def test_nothing_outside_can_be_reached(source: str) -> None:
    """Attribute walks, str.format, mutation and files elsewhere are errors, not output."""
    with pytest.raises(TemplateError):
        render(source, x=[1])


def test_dates_are_those_of_the_zone() -> None:
    """The day a reader sees is the day it is where the guide lives."""
    late = datetime(2026, 11, 30, 23, 30, tzinfo=UTC)
    assert render("{{ x|date('UTC') }}", x=late) == "Monday 30 November 2026"
    assert render("{{ x|date('Europe/Berlin') }}", x=late) == "Tuesday 1 December 2026"
    assert render("{{ x|short_date }}", x=date(2026, 5, 1)) == "1 May 2026"
    assert render("{{ x|iso }}", x=late) == "2026-11-30T23:30:00+00:00"


def test_reading_time_is_never_nothing() -> None:
    """Words become whole minutes, at least one."""
    given = (0, 100, 460, 2300)
    assert [render("{{ x|minutes }}", x=words) for words in given] == ["1", "1", "2", "10"]
    assert render("{{ 1|plural('part', 'parts') }}, {{ 2|plural('part', 'parts') }}") == (
        "1 part, 2 parts"
    )
