"""Bundles: an instance as one JSON text, without a single credential.

::

    {"version": "1.0", "exportedAt": …, "type": "instance", "instance": {
        "slug", "name", "description", "status", "provider", "model", "authEnabled", …,
        "secrets":  [{"key", "configured": true}],
        "channels": [{"channelType", "enabled", "config": {readable members}}],
        "skillEnv": [{"skillSlug", "key", "encrypted", "hasValue", "value"?}]}}

``encrypted`` is what is called sensitive elsewhere; only if it is false is there a ``value``. A row
that does not open is exported with ``hasValue`` and without ``value``, and an import asks for it.

What is lossless: every other member, of the bundle, of ``instance``, of a channel and of its
``config``, is kept as it came and follows the members above in the next export: names in
their order, strings code point by code point, integers of any size, other numbers as the IEEE
double nearest to them (as in JavaScript), whatever the database does to JSON. A bundle with a NUL,
an unpaired surrogate, a repeated name, a number beyond a double, or more than 32 levels is
refused, as everywhere in this API.

A bundle is also refused if a member that is named like a credential has a value, or if it contains
a key of a known form (``credentials``). This catches much, but proves nothing: a password in the
middle of a prompt, or a key of an unknown provider, looks like any other word. What is kept is
readable to whoever may export.

Of ``secrets`` and ``skillEnv`` nothing else is kept. Newer engines write a ``value`` beside a
secret that one of their tools declares readable: it is dropped, and the import asks for it.
"""

MAX_BYTES = 10 << 20
# In each list of a bundle. Far more than anyone sets over the API, 64 at a time; that many
# variables take two or three seconds, and more would keep SQLite's other writers waiting.
MAX_ENTRIES = 10_000
