"""Encryption at rest: AES-256-GCM, bound to the row, key id inside, opened only by ``reveal``.

Read in this order: ``ciphertext`` (what is stored), ``keyring`` (who can open it), ``sealed``
(what code holds instead of a value), ``fields`` (how it reaches a column).
"""
