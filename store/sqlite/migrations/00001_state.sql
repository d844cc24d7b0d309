-- +goose Up
-- Times are microseconds since 1970 in UTC; NULL is "never" or "not known".
-- Lists and maps are JSON text.
CREATE TABLE app (
    one                 INTEGER PRIMARY KEY CHECK (one = 1), -- there is one app
    client_id           TEXT NOT NULL,
    object_id           TEXT NOT NULL,
    display_name        TEXT NOT NULL,
    home_tenant         TEXT NOT NULL,
    cloud               TEXT NOT NULL,
    redirect_uris       TEXT NOT NULL,
    credential_kind     TEXT NOT NULL,
    credential_ref      TEXT NOT NULL, -- where the credential is, never the credential
    credential_password TEXT NOT NULL, -- where its password is
    credential_expires  INTEGER,
    profile             TEXT NOT NULL,
    created             INTEGER
) STRICT;

CREATE TABLE tenant (
    id       TEXT PRIMARY KEY,
    name     TEXT NOT NULL,
    domain   TEXT NOT NULL,
    cloud    TEXT NOT NULL,
    customer TEXT NOT NULL,
    tags     TEXT NOT NULL,
    state    TEXT NOT NULL,
    detail   TEXT NOT NULL,
    surface  TEXT NOT NULL,
    roles    TEXT NOT NULL,
    added    INTEGER,
    proved   INTEGER
) STRICT;

CREATE TABLE invitation (
    state        TEXT PRIMARY KEY,
    nonce        TEXT NOT NULL,
    verifier     TEXT NOT NULL, -- emptied on use
    tenant       TEXT NOT NULL, -- '' when not known yet
    cloud        TEXT NOT NULL,
    redirect_uri TEXT NOT NULL,
    created      INTEGER,
    expires      INTEGER NOT NULL,
    used         INTEGER
) STRICT;

CREATE INDEX invitation_tenant ON invitation (tenant);

-- +goose Down
DROP TABLE invitation;
DROP TABLE tenant;
DROP TABLE app;
