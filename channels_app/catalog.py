"""The channel types: what each is configured with, and which of it is a credential."""

import re
from dataclasses import dataclass


@dataclass(frozen=True)
class Member:
    """One member of a channel's config. ``pattern`` is matched with ``fullmatch``.

    ``hint`` says what it looks like, ``where`` in which place a person finds it.
    """

    name: str
    pattern: str
    hint: str
    credential: bool = True
    required: bool = True
    label: str = ""
    where: str = ""

    def accepts(self, value: str) -> bool:
        return re.fullmatch(self.pattern, value, re.ASCII) is not None


@dataclass(frozen=True)
class ChannelType:
    slug: str
    label: str
    members: tuple[Member, ...]

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
        ),
        Member(
            "appToken",
            rf"xapp-{_TOKEN}",
            "The app-level token; it begins with xapp-.",
            label="App-level token",
            where="At api.slack.com/apps: your app, Basic Information, App-Level Tokens.",
        ),
        Member(
            "signingSecret",
            _TOKEN,
            "The signing secret of the app.",
            required=False,
            label="Signing secret",
            where="At api.slack.com/apps: your app, Basic Information, App Credentials.",
        ),
    ),
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
        ),
        Member(
            "authToken",
            _TOKEN,
            "The Twilio Auth Token.",
            label="Auth Token",
            where="At console.twilio.com, on the account's first page, beside the SID.",
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
)
CHANNEL_TYPES = {kind.slug: kind for kind in (TELEGRAM, SLACK, WHATSAPP)}
