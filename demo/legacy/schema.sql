-- Amounts are text with the currency's own number of decimals: SQLite would turn 125.00 into 125.
-- There is no column for a card number or a security code, and there never was one.

CREATE TABLE merchants (
    id             TEXT NOT NULL PRIMARY KEY,
    name           TEXT NOT NULL,
    country        TEXT NOT NULL,
    currency       TEXT NOT NULL,
    settings       TEXT NOT NULL DEFAULT '{}',
    api_key_sha256 TEXT NOT NULL UNIQUE,
    created_at     TEXT NOT NULL
);

CREATE TABLE users (
    email         TEXT NOT NULL PRIMARY KEY,
    name          TEXT NOT NULL,
    merchant_id   TEXT NOT NULL REFERENCES merchants (id),
    password_hash TEXT NOT NULL
);

CREATE TABLE rates (
    currency TEXT NOT NULL PRIMARY KEY,
    percent  REAL NOT NULL,
    fixed    TEXT NOT NULL,
    decimals INTEGER NOT NULL
);

CREATE TABLE tokens (
    id           TEXT NOT NULL PRIMARY KEY,
    merchant_id  TEXT NOT NULL REFERENCES merchants (id),
    brand        TEXT NOT NULL,
    bin          TEXT NOT NULL,
    last4        TEXT NOT NULL,
    expiry_month TEXT NOT NULL,
    expiry_year  TEXT NOT NULL,
    holder       TEXT NOT NULL,
    fingerprint  TEXT NOT NULL,
    created_at   TEXT NOT NULL
);

CREATE TABLE payments (
    id           TEXT NOT NULL PRIMARY KEY,
    merchant_id  TEXT NOT NULL REFERENCES merchants (id),
    token_id     TEXT REFERENCES tokens (id),
    reference    TEXT NOT NULL,
    amount       TEXT NOT NULL,
    currency     TEXT NOT NULL REFERENCES rates (currency),
    fee          TEXT NOT NULL,
    status       TEXT NOT NULL,
    installments INTEGER NOT NULL DEFAULT 1,
    description  TEXT NOT NULL DEFAULT '',
    metadata     TEXT NOT NULL DEFAULT '{}',
    threeds_id   TEXT UNIQUE,
    failure      TEXT,
    created_at   TEXT NOT NULL,
    captured_at  TEXT
);
CREATE INDEX payments_by_merchant ON payments (merchant_id, created_at);

CREATE TABLE refunds (
    id         TEXT NOT NULL PRIMARY KEY,
    payment_id TEXT NOT NULL REFERENCES payments (id),
    amount     TEXT NOT NULL,
    reason     TEXT NOT NULL,
    status     TEXT NOT NULL,
    created_at TEXT NOT NULL
);
CREATE INDEX refunds_by_payment ON refunds (payment_id);

CREATE TABLE evidence (
    id           TEXT NOT NULL PRIMARY KEY,
    payment_id   TEXT NOT NULL REFERENCES payments (id),
    filename     TEXT NOT NULL,
    content_type TEXT NOT NULL,
    bytes        INTEGER NOT NULL,
    sha256       TEXT NOT NULL,
    created_at   TEXT NOT NULL
);

-- The provider's events already applied: a webhook that is delivered twice counts once.
CREATE TABLE events (
    id          TEXT NOT NULL PRIMARY KEY,
    payment_id  TEXT NOT NULL REFERENCES payments (id),
    type        TEXT NOT NULL,
    received_at TEXT NOT NULL
);
