"""Bundles: an instance as one JSON text, without a single credential.

::

    {"version": "1.0", "exportedAt": …, "type": "instance", "instance": {
        "slug", "name", "description", "status", "provider", "model", "authEnabled", …,
        "secrets":  [{"key", "configured": true}],
        "channels": [{"channelType", "enabled", "config": {readable members}}],
        "skillEnv": [{"skillSlug", "key", "encrypted", "hasValue", "value"?}]}}

``encrypted`` is what is called sensitive elsewhere; only without it there is a ``value``. A row
that does not open is exported with ``hasValue`` and without ``value``, and an import asks for it.

What is lossless: every other member, of the bundle, of ``instance``, of a channel and of its
``config``, is kept as it came and stands in the next export after the members above: names in
their order, strings code point by code point, integers of any size, other numbers as the IEEE
double nearest to them (as in JavaScript), whatever the database does to JSON. A bundle with a NUL,
an unpaired surrogate, a repeated name, a number beyond a double, or more than 32 levels is
refused, as everywhere in this API.

So is one in which a member that is named like a credential has a value, or in which a key of a
known form stands (``credentials``). That is a net and no proof: a password in the middle of a
prompt, or a key of a provider that is not known there, looks like any other word. What is kept is
readable to whoever may export.

Of ``secrets`` and ``skillEnv`` nothing else is kept. Newer engines write a ``value`` beside a
secret that one of their tools declares readable: it is dropped, and asked for.
"""

MAX_BYTES = 10 << 20
# Of a list in a bundle. Far more than anybody sets over the API, 64 at a time; that many variables
# take two or three seconds, and more would keep SQLite's other writers waiting.
MAX_ENTRIES = 10_000
