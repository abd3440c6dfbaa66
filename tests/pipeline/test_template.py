"""template: sources in, text out, in a sandbox."""

from __future__ import annotations

import html
from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.errors import TemplateError, UsageError
from pipeline.template import Templates


def render(source: str, name: str = "x.html", **context: object) -> str:
    """What one template gives."""
    return Templates({name: source}).render(name, **context)


def test_markup_in_values_is_escaped_once() -> None:
    """In HTML and XML a value's <, >, & and quotes are escaped; in text they stay."""
    value = """<b>&"'"""
    assert render("{{ x }}", x=value) == "&lt;b&gt;&amp;&#34;&#39;"
    assert render("{{ x }}", "x.txt", x=value) == value


@given(st.text())
def test_any_value_can_be_had_back(value: str) -> None:
    """Whatever a value is, no tag of it is left in HTML, and decoding gives it back whole."""
    shown = render("{{ x }}", x=value)
    assert not {"<", ">", '"', "'"} & set(shown)
    assert html.unescape(shown) == value
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
        ("\n{{ fail() }}", 2),
        ("\n{% include 'x.html' %}", 2),
        ("\n\n{% include 'nosuch.html' %}", 3),
        ("{{ [x]|map(attribute='nosuch')|list }}", 1),
        ("{% macro m() %}\n{{ nosuch }}{% endmacro %}\n{{ m() }}", 2),
        ("\n{{ noon|date('Nowhere/At-all') }}", 2),
        ("\n{{ noon|date('Europe/Berlin') }}", 2),
    ],
)
def test_a_mistake_is_named_with_its_line(source: str, line: int) -> None:
    """Whatever fails, in a template or in what it calls, says template and line, on one line."""

    def fail() -> None:
        raise RuntimeError("no\nluck")

    with pytest.raises(TemplateError) as caught:
        render(source, x=1, fail=fail, noon=datetime(2026, 5, 1, 12))  # noqa: DTZ001 -- a naive time is one of the mistakes
    assert str(caught.value).startswith(f"templates/x.html:{line}: ")
    assert "\n" not in str(caught.value)


def test_our_own_errors_pass() -> None:
    """An error of ours that is raised while rendering is told as it is."""

    def fail() -> None:
        raise UsageError("not so")

    with pytest.raises(UsageError, match="not so"):
        render("{{ fail() }}", fail=fail)


def test_a_template_that_is_not_there_is_named() -> None:
    """A name without a source is an error that repeats it."""
    with pytest.raises(TemplateError, match=r"templates/page/none\.html: there is no template"):
        Templates({}).render("page/none.html")


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
        "{{ '{}'.format(x) }}",
        "{{ '{}'['format'](x) }}",
        "{{ '{y}'.format_map({'y': x}) }}",
        "{{ x|map(attribute='__class__')|list }}",
        "{{ x|map('attr', '__class__')|list }}",
        "{{ x.__class__.__mro__[1].__subclasses__() }}",
        "{{ x['__class__'] }}",
        "{{ cycler.__init__.__globals__ }}",
        "{{ range(10 ** 7)|list }}",
        "{% include '/etc/passwd' %}",
        "{% extends '..\\\\secret' %}",
        "{% from './secret' import x %}",
    ],
)
@pytest.mark.parametrize("name", ["x.html", "x.txt"])
def test_nothing_outside_can_be_reached(source: str, name: str) -> None:
    """Attribute walks, str.format, mutation and files elsewhere are errors, not output."""
    with pytest.raises(TemplateError):
        render(source, name, x=[1])


@pytest.mark.parametrize(
    "source", ["{{ day.now() }}", "{{ day.today() }}", "{{ [1, 2]|random }}", "{{ lipsum() }}"]
)
def test_neither_clock_nor_chance_can_be_reached(source: str) -> None:
    """The same values give the same text: a template has no way to the present or to dice."""
    with pytest.raises(TemplateError):
        render(source, day=datetime(2026, 5, 1, tzinfo=UTC))


def test_what_was_given_cannot_be_changed_later() -> None:
    """Templates are a value: the mapping that they came from may change, they do not."""
    sources = {"x.txt": "one"}
    templates = Templates(sources)
    sources["x.txt"] = "two"
    assert templates.render("x.txt") == "one"


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
