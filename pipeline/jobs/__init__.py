"""The use cases: load, decide, act, and return a report. No job knows the settings."""

from pipeline.jobs.call_webhooks import HooksReport, Tried, call_webhooks, try_webhook
from pipeline.jobs.catalogue import Catalogue, Volume, catalogue_of
from pipeline.jobs.check import CheckReport, LookReport, check, look
from pipeline.jobs.coming import Coming, coming
from pipeline.jobs.confirm_instance import ConfirmReport, confirm_instance
from pipeline.jobs.convert import (
    ImportedReport,
    Wanted,
    export,
    import_text,
    read_any,
    write_export,
)
from pipeline.jobs.deliver import DeliverReport, deliver
from pipeline.jobs.desk import Desk, Destination, Inbox, Session, Transport
from pipeline.jobs.drip_feed import (
    RHYTHMS,
    DripFeed,
    Followable,
    drip_feed,
    followable,
    version_of,
)
from pipeline.jobs.erase import erase, own_data
from pipeline.jobs.following import Following, follow
from pipeline.jobs.forecast import Departure, ForecastReport, forecast
from pipeline.jobs.import_list import ImportOptions, ImportReport, export_list, import_list
from pipeline.jobs.joining import (
    Joined,
    ask_to_join,
    confirm_signup,
    joinable,
    signup,
    title_of,
)
from pipeline.jobs.leave import come_back, leave, left_at
from pipeline.jobs.letters import LettersReport, send_letters
from pipeline.jobs.links import Links, links
from pipeline.jobs.once import Result, once
from pipeline.jobs.pause import pause_issue, resume_issue
from pipeline.jobs.plan_drips import plan_drips
from pipeline.jobs.preferences import Changes, Followed, PreferencesReport, preferences
from pipeline.jobs.preview import MailPreview, PartKey, PreviewReport, preview, preview_mail
from pipeline.jobs.publish_due import Held, PublishReport, Released, publish_due, resume
from pipeline.jobs.rebuild import front_page, rebuild, serials
from pipeline.jobs.resolve import (
    Decide,
    ResolveReport,
    assume_sent,
    by_postfix_log,
    resend,
    resolve,
)
from pipeline.jobs.revise import Revised, confirm, correct, issue_of
from pipeline.jobs.search import search
from pipeline.jobs.send_test import send_test
from pipeline.jobs.sending import lock
from pipeline.jobs.settle_ids import IdsReport, settle_ids
from pipeline.jobs.status import Account, StatusReport, SubscriberReport, status, subscriber
from pipeline.jobs.subscribe import Wish, register, subscribe
from pipeline.jobs.take_bounces import BounceReport, learn, take_bounces, take_feedback
from pipeline.jobs.tell import Happening, StoryReport, story
from pipeline.jobs.tick import TickReport, tick
from pipeline.jobs.tokens import new_token, revoke, token_of, tokens

__all__ = [
    "RHYTHMS",
    "Account",
    "BounceReport",
    "Catalogue",
    "Changes",
    "CheckReport",
    "Coming",
    "ConfirmReport",
    "Decide",
    "DeliverReport",
    "Departure",
    "Desk",
    "Destination",
    "DripFeed",
    "Followable",
    "Followed",
    "Following",
    "ForecastReport",
    "Happening",
    "Held",
    "HooksReport",
    "IdsReport",
    "ImportOptions",
    "ImportReport",
    "ImportedReport",
    "Inbox",
    "Joined",
    "LettersReport",
    "Links",
    "LookReport",
    "MailPreview",
    "PartKey",
    "PreferencesReport",
    "PreviewReport",
    "PublishReport",
    "Released",
    "ResolveReport",
    "Result",
    "Revised",
    "Session",
    "StatusReport",
    "StoryReport",
    "SubscriberReport",
    "TickReport",
    "Transport",
    "Tried",
    "Volume",
    "Wanted",
    "Wish",
    "ask_to_join",
    "assume_sent",
    "by_postfix_log",
    "call_webhooks",
    "catalogue_of",
    "check",
    "come_back",
    "coming",
    "confirm",
    "confirm_instance",
    "confirm_signup",
    "correct",
    "deliver",
    "drip_feed",
    "erase",
    "export",
    "export_list",
    "follow",
    "followable",
    "forecast",
    "front_page",
    "import_list",
    "import_text",
    "issue_of",
    "joinable",
    "learn",
    "leave",
    "left_at",
    "links",
    "lock",
    "look",
    "new_token",
    "once",
    "own_data",
    "pause_issue",
    "plan_drips",
    "preferences",
    "preview",
    "preview_mail",
    "publish_due",
    "read_any",
    "rebuild",
    "register",
    "resend",
    "resolve",
    "resume",
    "resume_issue",
    "revoke",
    "search",
    "send_letters",
    "send_test",
    "serials",
    "settle_ids",
    "signup",
    "status",
    "story",
    "subscribe",
    "subscriber",
    "take_bounces",
    "take_feedback",
    "tick",
    "title_of",
    "token_of",
    "tokens",
    "try_webhook",
    "version_of",
    "write_export",
]
