"""The channel types: what each is configured with, and which of it is a credential."""

import re
from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True)
class Member:
    """One member of a channel's config. ``pattern`` is matched with ``fullmatch``.

    ``hint`` says what it looks like, ``where`` in which place a person finds it, ``loss`` what
    stops working without it.
    """

    name: str
    pattern: str
    hint: str
    credential: bool = True
    required: bool = True
    label: str = ""
    where: str = ""
    loss: str = ""

    def accepts(self, value: str) -> bool:
        return re.fullmatch(self.pattern, value, re.ASCII) is not None


@dataclass(frozen=True)
class ChannelType:
    """A channel. ``loss`` says what stops working without it."""

    slug: str
    label: str
    members: tuple[Member, ...]
    loss: str = ""

    def member(self, name: str) -> Member | None:
        return next((member for member in self.members if member.name == name), None)

    @property
    def credentials(self) -> tuple[str, ...]:
        return tuple(member.name for member in self.members if member.credential)

    @property
    def required(self) -> tuple[str, ...]:
        return tuple(member.name for member in self.members if member.required)


# Tokens change their shape now and then, so only what providers promise is asked for: a prefix,
# and printable characters without spaces (a copied line break is the usual mistake).
_TOKEN = r"[\x21-\x7e]{1,4096}"

TELEGRAM = ChannelType(
    "telegram",
    "Telegram",
    (
        Member(
            "botToken",
            _TOKEN,
            "The token that @BotFather gave for the bot.",
            label="Bot token",
            where="In Telegram, write /newbot to @BotFather, or /token for a bot that exists.",
            loss="The bot neither gets nor sends a message.",
        ),
        Member(
            "allowedUserIds",
            r"\d{1,20}(\s*,\s*\d{1,20})*",
            "Numeric Telegram user ids, separated by commas.",
            credential=False,
            required=False,
            label="Allowed user ids",
            where="@userinfobot tells people theirs. Left blank, everybody may write to the bot.",
        ),
    ),
    "Nobody reaches the instance in Telegram any more, and messages to its bot stay unanswered.",
)
SLACK = ChannelType(
    "slack",
    "Slack",
    (
        Member(
            "botToken",
            rf"xoxb-{_TOKEN}",
            "The bot token; it begins with xoxb-.",
            label="Bot token",
            where="At api.slack.com/apps: your app, OAuth & Permissions, after installing it.",
            loss="The app can no longer write to Slack.",
        ),
        Member(
            "appToken",
            rf"xapp-{_TOKEN}",
            "The app-level token; it begins with xapp-.",
            label="App-level token",
            where="At api.slack.com/apps: your app, Basic Information, App-Level Tokens.",
            loss="Messages from Slack no longer arrive over its socket.",
        ),
        Member(
            "signingSecret",
            _TOKEN,
            "The signing secret of the app.",
            required=False,
            label="Signing secret",
            where="At api.slack.com/apps: your app, Basic Information, App Credentials.",
            loss="Requests from Slack over HTTP can no longer be verified.",
        ),
    ),
    "Nobody reaches the instance in Slack any more, and mentions of its app stay unanswered.",
)
WHATSAPP = ChannelType(
    "whatsapp",
    "WhatsApp",
    (
        Member(
            "accountSid",
            rf"AC{_TOKEN}",
            "The Twilio Account SID; it begins with AC.",
            label="Account SID",
            where="At console.twilio.com, on the account's first page.",
            loss="Twilio no longer knows whose messages these are.",
        ),
        Member(
            "authToken",
            _TOKEN,
            "The Twilio Auth Token.",
            label="Auth Token",
            where="At console.twilio.com, on the account's first page, beside the SID.",
            loss="Twilio refuses every message, and its own can no longer be verified.",
        ),
        Member(
            "whatsappNumber",
            r"\+[0-9]{1,15}",
            "The sender's number: + and up to 15 digits (E.164).",
            credential=False,
            label="WhatsApp number",
            where="At console.twilio.com: Messaging, Senders, WhatsApp senders.",
        ),
    ),
    "Nobody reaches the instance in WhatsApp any more, and messages to its number stay unanswered.",
)
CHANNEL_TYPES = {kind.slug: kind for kind in (TELEGRAM, SLACK, WHATSAPP)}


def foreign_type(slug: str, credentials: Iterable[str], readable: Iterable[str]) -> ChannelType:
    """A type of another version of this project, as far as the names in a stored row tell."""
    names = {**dict.fromkeys(credentials, True), **dict.fromkeys(readable, False)}
    members = (
        Member(name, "", "", credential=is_credential, required=False, label=name)
        for name, is_credential in names.items()
    )
    return ChannelType(slug, slug, tuple(members))
