-- Keys of clients. `version` grows with each change: a gateway that remembers an older one has to look again.
CREATE TABLE gateway.keys (
    id                  text PRIMARY KEY,
    hash                bytea NOT NULL UNIQUE,
    old_hash            bytea,
    old_until           timestamptz,
    version             bigint NOT NULL DEFAULT 1,
    name                text NOT NULL,
    owner               text NOT NULL, -- the user; '': an application
    team                text NOT NULL,
    models              text[],        -- null: all of the team's
    requests_per_minute bigint,
    tokens_per_minute   bigint,
    sees                text NOT NULL DEFAULT 'own' CHECK (sees IN ('own', 'team', 'all')),
    created_at          timestamptz NOT NULL DEFAULT now(),
    created_by          text NOT NULL,
    expires_at          timestamptz,
    revoked_at          timestamptz
);
CREATE UNIQUE INDEX keys_old_hash ON gateway.keys (old_hash);
CREATE INDEX keys_owner ON gateway.keys (owner);
CREATE INDEX keys_team ON gateway.keys (team);

-- What administrators set, instead of or beside what the configuration says.
CREATE TABLE gateway.budgets (
    scope  text NOT NULL CHECK (scope IN ('key', 'user', 'team')),
    name   text NOT NULL,
    period text NOT NULL CHECK (period IN ('day', 'month')),
    tokens bigint CHECK (tokens >= 0),
    cost   bigint CHECK (cost >= 0), -- here and below: billionths of the currency
    PRIMARY KEY (scope, name, period),
    CHECK (tokens IS NOT NULL OR cost IS NOT NULL)
);

-- What was used in a period. Rows change often: room is left so that a change stays on its page.
CREATE TABLE gateway.counters (
    scope    text NOT NULL,
    name     text NOT NULL,
    period   text NOT NULL,
    starts   timestamptz NOT NULL,
    requests bigint NOT NULL DEFAULT 0,
    tokens   bigint NOT NULL DEFAULT 0,
    cost     bigint NOT NULL DEFAULT 0,
    PRIMARY KEY (scope, name, period, starts)
) WITH (fillfactor = 50);

-- What is left of a minute's requests and tokens, as of `at`; it fills up with time.
CREATE TABLE gateway.rates (
    scope    text NOT NULL,
    name     text NOT NULL,
    requests double precision,
    tokens   double precision,
    at       timestamptz NOT NULL,
    PRIMARY KEY (scope, name)
) WITH (fillfactor = 50);

-- What running requests may use at most. A gateway that lives puts the end off.
CREATE TABLE gateway.reservations (
    id         uuid PRIMARY KEY,
    key_id     text NOT NULL,
    owner      text NOT NULL,
    team       text NOT NULL,
    tokens     bigint NOT NULL,
    cost       bigint NOT NULL,
    expires_at timestamptz NOT NULL
) WITH (fillfactor = 50);
CREATE INDEX reservations_key ON gateway.reservations (key_id);
CREATE INDEX reservations_owner ON gateway.reservations (owner);
CREATE INDEX reservations_team ON gateway.reservations (team);

-- One row for each request that was admitted. The id makes a repeated write harmless.
CREATE TABLE gateway.usage (
    id            uuid PRIMARY KEY,
    at            timestamptz NOT NULL,
    request       text NOT NULL,
    key_id        text NOT NULL,
    owner         text NOT NULL,
    team          text NOT NULL,
    asked         text NOT NULL,
    served        text NOT NULL, -- '': no model answered
    pool          text NOT NULL,
    input_tokens  bigint NOT NULL,
    output_tokens bigint NOT NULL,
    gpu_seconds   double precision NOT NULL,
    cost          bigint NOT NULL,
    status        integer NOT NULL,
    duration_ms   bigint NOT NULL,
    streamed      boolean NOT NULL
);
CREATE INDEX usage_at ON gateway.usage (at);
CREATE INDEX usage_owner_at ON gateway.usage (owner, at);
CREATE INDEX usage_team_at ON gateway.usage (team, at);

CREATE TABLE gateway.audit (
    id      bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at      timestamptz NOT NULL DEFAULT now(),
    actor   text NOT NULL,
    action  text NOT NULL,
    target  text NOT NULL,
    before  jsonb,
    after   jsonb,
    address text NOT NULL
);
CREATE INDEX audit_at ON gateway.audit (at);

CREATE FUNCTION gateway.keep() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'the audit is not changed';
END $$;
CREATE TRIGGER keep BEFORE UPDATE OR DELETE OR TRUNCATE ON gateway.audit FOR EACH STATEMENT EXECUTE FUNCTION gateway.keep();
