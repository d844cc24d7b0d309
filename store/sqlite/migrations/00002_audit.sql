-- +goose Up
-- What was done to customers' tenants. Rows are never removed, not even with
-- their tenant: they are the account of it.
CREATE TABLE audit (
    id          INTEGER PRIMARY KEY AUTOINCREMENT, -- never given twice
    kind        TEXT NOT NULL,
    tenant      TEXT NOT NULL,
    tenant_name TEXT NOT NULL,
    surface     TEXT NOT NULL,
    target      TEXT NOT NULL,
    target_name TEXT NOT NULL,
    comment     TEXT NOT NULL,
    reason      TEXT NOT NULL,
    changes     TEXT NOT NULL,
    actor       TEXT NOT NULL,
    guard       TEXT NOT NULL, -- '' when several may be under way
    started     INTEGER NOT NULL,
    finished    INTEGER,
    outcome     TEXT NOT NULL, -- '' while open
    service_ids TEXT NOT NULL,
    code        TEXT NOT NULL,
    detail      TEXT NOT NULL
) STRICT;

CREATE INDEX audit_target ON audit (tenant, target, id);
-- Of two runs that want the same at once, in whatever process, one is refused.
CREATE UNIQUE INDEX audit_guard ON audit (tenant, target, guard)
    WHERE guard <> '' AND outcome IN ('', 'uncertain');

-- What people were last shown of incidents and alerts. last_update is text with
-- all its digits, since the services tell it to 100 ns and it is compared exactly.
CREATE TABLE seen (
    tenant      TEXT NOT NULL,
    kind        TEXT NOT NULL,
    id          TEXT NOT NULL,
    last_update TEXT NOT NULL,
    at          INTEGER NOT NULL,
    PRIMARY KEY (tenant, kind, id)
) STRICT, WITHOUT ROWID;

CREATE INDEX seen_at ON seen (at);

-- +goose Down
DROP TABLE seen;
DROP TABLE audit;
