"""The well-known secrets, in the order in which every listing shows them."""

from dataclasses import dataclass


@dataclass(frozen=True)
class WellKnown:
    """A key that the engine itself uses. ``loss`` says what stops working without it."""

    key: str
    group: str
    label: str
    help: str
    loss: str


AI, AWS, TOOLS = "AI providers", "AWS", "Tools"
VOICE, OBSERVABILITY, ACCESS, CUSTOM = "Voice", "Observability", "API access", "Custom"
GROUPS = (AI, AWS, TOOLS, VOICE, OBSERVABILITY, ACCESS, CUSTOM)

WELL_KNOWN = (
    WellKnown(
        "openai_api_key", AI, "OpenAI API key",
        "From platform.openai.com, API keys. Begins with sk-.",
        "Answers by OpenAI models fail.",
    ),
    WellKnown(
        "anthropic_api_key", AI, "Anthropic API key",
        "From console.anthropic.com, API keys. Begins with sk-ant-.",
        "Answers by Anthropic models fail.",
    ),
    WellKnown(
        "aws_access_key_id", AWS, "AWS access key ID",
        "Of an IAM user that may do only what this instance needs.",
        "Every access to AWS fails, S3 included.",
    ),
    WellKnown(
        "aws_secret_access_key", AWS, "AWS secret access key",
        "AWS shows it once, together with the access key ID.",
        "Every access to AWS fails, S3 included.",
    ),
    WellKnown(
        "aws_region", AWS, "AWS region",
        "For example eu-central-1.",
        "Access to AWS fails unless a region is set elsewhere.",
    ),
    WellKnown(
        "langsmith_api_key", OBSERVABILITY, "LangSmith API key",
        "From smith.langchain.com, Settings, API keys. Begins with lsv2_.",
        "Traces are no longer sent to LangSmith.",
    ),
    WellKnown(
        "auth_api_key", ACCESS, "Key for callers of this instance",
        "Clients of /v1 send it as their Bearer token. Make one: openssl rand -hex 32.",
        "Clients that sign in with this key are refused.",
    ),
    WellKnown(
        "tavily_api_key", TOOLS, "Tavily API key",
        "For web search. From app.tavily.com. Begins with tvly-.",
        "Web search through Tavily fails.",
    ),
    WellKnown(
        "github_token", TOOLS, "GitHub token",
        "From github.com, Settings, Developer settings. A fine-grained one is best.",
        "Everything this instance does on GitHub fails.",
    ),
    WellKnown(
        "s3_bucket_name", AWS, "S3 bucket",
        "The name alone, without s3:// in front of it.",
        "Files are neither stored in S3 nor read from it.",
    ),
    WellKnown(
        "http_api_key", ACCESS, "Key for outgoing HTTP calls",
        "Sent by the HTTP tool to the service that it calls.",
        "Calls of the HTTP tool that need a key fail.",
    ),
    WellKnown(
        "deepgram_api_key", VOICE, "Deepgram API key",
        "For speech to text. From console.deepgram.com.",
        "Voice messages are no longer understood.",
    ),
)  # fmt: skip
WELL_KNOWN_KEYS = tuple(each.key for each in WELL_KNOWN)
# Names of things rather than credentials: they need no renewal.
LASTING_KEYS = ("aws_region", "s3_bucket_name")

_BY_KEY = {each.key: each for each in WELL_KNOWN}


def describe_key(key: str) -> WellKnown:
    """What is known about a key; about a custom one, only its name."""
    loss = "Whatever uses it fails until it is set again."
    return _BY_KEY.get(key) or WellKnown(key, CUSTOM, key, "", loss)
