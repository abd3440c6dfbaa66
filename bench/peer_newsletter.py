"""django-newsletter as it comes, sending one issue to a list through one relay.

    python -m bench.peer_newsletter PORT PEOPLE OCTETS [DATABASE [again]]

Prints the seconds that it took. With a database in a file it can be killed, and run `again`.
"""

from __future__ import annotations

import sys
import time
from datetime import timedelta

import django
from django.conf import settings as conf
from django.core.management import call_command


def main() -> None:
    """Build a site in memory, and send."""
    port, people, octets = map(int, sys.argv[1:4])
    database, again = (*sys.argv[4:], ":memory:", "")[:2]
    _configure(port, database)
    from newsletter.models import Submission

    if again != "again":
        _prepare(people, octets)
    began = time.perf_counter()
    Submission.submit_queue()
    print(time.perf_counter() - began)  # noqa: T201 -- its caller reads it


def _configure(port: int, database: str) -> None:
    conf.configure(
        DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": database}},
        INSTALLED_APPS=[
            "django.contrib.contenttypes", "django.contrib.auth", "django.contrib.sites",
            "django.contrib.sessions", "django.contrib.messages", "django.contrib.admin",
            "sorl.thumbnail", "newsletter",
        ],
        SITE_ID=1, USE_TZ=True, DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
        EMAIL_HOST="127.0.0.1", EMAIL_PORT=port, SECRET_KEY="bench",  # noqa: S106 -- nothing is kept
        ROOT_URLCONF="newsletter.urls", NEWSLETTER_EMAIL_DELAY=0, NEWSLETTER_BATCH_SIZE=0,
        NEWSLETTER_RICHTEXT_WIDGET=None, NEWSLETTER_THUMBNAIL=None,
        TEMPLATES=[{"BACKEND": "django.template.backends.django.DjangoTemplates", "APP_DIRS": True,
                    "OPTIONS": {"context_processors": [
                        "django.contrib.auth.context_processors.auth",
                        "django.template.context_processors.request",
                        "django.contrib.messages.context_processors.messages"]}}],
    )  # fmt: skip
    django.setup()


def _prepare(people: int, octets: int) -> None:
    call_command("migrate", verbosity=0)
    from django.contrib.sites.models import Site
    from django.utils import timezone
    from newsletter.models import Article, Message, Newsletter, Submission, Subscription

    letter = Newsletter.objects.create(
        title="Sleep", slug="sleep", email="news@example.org", sender="News", send_html=True
    )
    letter.site.set(Site.objects.all())
    Subscription.objects.bulk_create(
        Subscription(
            newsletter=letter, email_field=f"u{n}@example.org", subscribed=True,
            activation_code=f"{n:040}",
        )
        for n in range(people)
    )  # fmt: skip
    message = Message.objects.create(title="A part", slug="a-part", newsletter=letter)
    text = ("x" * 70 + "\n") * (octets // 142)
    Article.objects.create(title="A part", text=text, post=message, sortorder=1)
    submission = Submission.from_message(message)
    submission.publish_date = timezone.now() - timedelta(hours=1)
    submission.prepared = True
    submission.save()


if __name__ == "__main__":
    main()
