"""The tables of accounts. A key or session is stored as its SHA-256 only."""

from sqlalchemy import BigInteger, Boolean, Column, ForeignKey, Index, Integer, MetaData, Table, Text, Uuid

from shared.database import UtcDateTime

metadata = MetaData()

account = Table(
    "account",
    metadata,
    Column("account_id", Uuid, primary_key=True),
    Column("name", Text, nullable=False),
    Column("role", Text, nullable=False),
    Column("units", Text, nullable=False),  # ids separated by spaces, or *
    Column("disabled", Boolean, nullable=False),
    Column("version", Integer, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("login", Text),  # the name a person signs in with; single sign-on will know people by it too
    Index("account_by_login", "login", unique=True),
)

# A person's own password, or the one-time password that an administrator gave them, as argon2id.
password = Table(
    "password",
    metadata,
    Column("account_id", Uuid, ForeignKey("account.account_id"), primary_key=True),
    Column("hash", Text, nullable=False),
    Column("set_at", UtcDateTime, nullable=False),
    Column("expires_at", UtcDateTime),  # of a one-time password; one's own has no end
)

api_key = Table(
    "api_key",
    metadata,
    Column("key_id", Uuid, primary_key=True),
    Column("account_id", Uuid, ForeignKey("account.account_id"), nullable=False),
    Column("prefix", Text, nullable=False, unique=True),
    Column("digest", Text, nullable=False),
    Column("label", Text, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("expires_at", UtcDateTime, nullable=False),
    Column("last_used_at", UtcDateTime),
    Column("revoked_at", UtcDateTime),
    Index("api_key_by_account", "account_id"),
)

# A browser that signed in; one that did with a key ends with the key.
session = Table(
    "session",
    metadata,
    Column("digest", Text, primary_key=True),
    Column("session_id", Uuid, nullable=False, unique=True),
    Column("account_id", Uuid, ForeignKey("account.account_id")),  # null where a gateway before 0004 opened it
    Column("key_id", Uuid, ForeignKey("api_key.key_id")),
    Column("created_at", UtcDateTime, nullable=False),
    Column("expires_at", UtcDateTime, nullable=False),
    Index("session_by_expiry", "expires_at"),
    Index("session_by_account", "account_id"),
)

# What somebody may still do: the moment (microseconds since the epoch) at which their allowance is whole again.
allowance = Table(
    "allowance",
    metadata,
    Column("name", Text, primary_key=True),
    Column("whole_at", BigInteger, nullable=False),
    Index("allowance_by_time", "whole_at"),
)

# One row: how often somebody's access changed. What a process remembers about callers holds while it stays.
access_state = Table(
    "access_state",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("revision", BigInteger, nullable=False),
)

# Answers to requests that carried an idempotency key. A new key's secret is not among them.
answered = Table(
    "answered",
    metadata,
    Column("key", Text, primary_key=True),
    Column("fingerprint", Text, nullable=False),
    Column("answer", Text, nullable=False),
    Column("answered_at", UtcDateTime, nullable=False),
    Index("answered_by_time", "answered_at"),
)
