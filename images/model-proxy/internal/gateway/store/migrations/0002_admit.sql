-- Budgets of a request: the configuration's, and what administrators set instead or beside.
CREATE FUNCTION gateway.budgets_of(configured jsonb, key_id text, owner text, team text)
RETURNS TABLE (scope text, name text, period text, tokens bigint, cost bigint) LANGUAGE sql STABLE AS $$
    SELECT coalesce(o.scope, c.scope), coalesce(o.name, c.name), coalesce(o.period, c.period),
           CASE WHEN o.scope IS NULL THEN c.tokens ELSE o.tokens END, CASE WHEN o.scope IS NULL THEN c.cost ELSE o.cost END
      FROM jsonb_to_recordset(configured) AS c(scope text, name text, period text, tokens bigint, cost bigint)
      FULL JOIN (SELECT * FROM gateway.budgets b
                  WHERE (b.scope = 'key' AND b.name = key_id) OR (b.scope = 'user' AND b.name = owner AND owner <> '') OR (b.scope = 'team' AND b.name = team)) o
        ON o.scope = c.scope AND o.name = c.name AND o.period = c.period
$$;

-- Takes a request in and reserves what it may use, or says why not. Rows are locked in one order everywhere: rates, then counters, each by name.
CREATE FUNCTION gateway.admit(ask jsonb) RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE
    moment      timestamptz := clock_timestamp();
    the_key     text := ask->>'key';
    the_owner   text := ask->>'owner';
    the_team    text := ask->>'team';
    hashed      bytea := decode(ask->>'hash', 'hex');
    prompt      bigint := (ask->>'prompt')::bigint;
    prompt_cost bigint := (ask->>'promptCost')::bigint;
    token_cost  double precision := (ask->>'tokenCost')::double precision;
    output      bigint := (ask->>'output')::bigint;
    least_out   bigint := (ask->>'leastOutput')::bigint;
    starting    timestamptz;
    rate        record;
    one         record;
    spent       record;
    held        record;
    left_tokens bigint;
    left_cost   bigint;
    rates       jsonb := '[]';
    verdict     jsonb;
BEGIN
    -- What is lost when the database crashes is a reservation, and what was used is written all the same.
    PERFORM set_config('synchronous_commit', 'off', true);
    PERFORM 1 FROM gateway.keys k
      WHERE k.id = the_key AND k.version = (ask->>'version')::bigint AND k.revoked_at IS NULL AND (k.expires_at IS NULL OR k.expires_at > moment)
        AND (k.hash = hashed OR (k.old_hash = hashed AND k.old_until > moment));
    IF NOT FOUND THEN
        RETURN jsonb_build_object('verdict', 'key');
    END IF;

    FOR rate IN SELECT * FROM jsonb_to_recordset(ask->'rates') AS x(scope text, name text, requests double precision, tokens double precision) ORDER BY 1, 2 LOOP
        INSERT INTO gateway.rates AS r (scope, name, requests, tokens, at) VALUES (rate.scope, rate.name, rate.requests - 1, rate.tokens - prompt, moment)
        ON CONFLICT (scope, name) DO UPDATE SET
            requests = least(rate.requests, coalesce(r.requests + rate.requests / 60 * greatest(extract(epoch FROM moment - r.at), 0), rate.requests)) - 1,
            tokens = least(rate.tokens, coalesce(r.tokens + rate.tokens / 60 * greatest(extract(epoch FROM moment - r.at), 0), rate.tokens)) - prompt,
            at = greatest(r.at, moment)
        RETURNING r.requests, r.tokens INTO held;
        rates := rates || jsonb_build_object('scope', rate.scope, 'name', rate.name, 'requestLimit', rate.requests, 'requests', held.requests,
            'tokenLimit', rate.tokens, 'tokens', held.tokens);
        -- A prompt that is larger than a whole minute's tokens waits for a whole minute's.
        IF held.requests < -0.000001 THEN
            verdict := coalesce(verdict, jsonb_build_object('verdict', 'rate', 'scope', rate.scope, 'name', rate.name, 'kind', 'requests', 'limit', rate.requests,
                'wait', -held.requests * 60 / rate.requests));
        ELSIF held.tokens < least(prompt, rate.tokens) - prompt - 0.000001 THEN
            verdict := coalesce(verdict, jsonb_build_object('verdict', 'rate', 'scope', rate.scope, 'name', rate.name, 'kind', 'tokens', 'limit', rate.tokens,
                'wait', (least(prompt, rate.tokens) - prompt - held.tokens) * 60 / rate.tokens));
        END IF;
    END LOOP;

    IF verdict IS NULL THEN
        FOR one IN SELECT * FROM gateway.budgets_of(ask->'budgets', the_key, the_owner, the_team) ORDER BY 1, 2, 3 LOOP
            starting := date_trunc(one.period, moment, 'UTC');
            SELECT c.tokens, c.cost INTO spent FROM gateway.counters c
              WHERE c.scope = one.scope AND c.name = one.name AND c.period = one.period AND c.starts = starting FOR UPDATE;
            IF NOT FOUND THEN
                INSERT INTO gateway.counters (scope, name, period, starts) VALUES (one.scope, one.name, one.period, starting) ON CONFLICT DO NOTHING;
                SELECT c.tokens, c.cost INTO spent FROM gateway.counters c
                  WHERE c.scope = one.scope AND c.name = one.name AND c.period = one.period AND c.starts = starting FOR UPDATE;
            END IF;
            SELECT coalesce(sum(r.tokens), 0)::bigint AS tokens, coalesce(sum(r.cost), 0)::bigint AS cost INTO held FROM gateway.reservations r
              WHERE r.expires_at > moment AND CASE one.scope WHEN 'key' THEN r.key_id WHEN 'user' THEN r.owner ELSE r.team END = one.name;
            left_tokens := one.tokens - spent.tokens - held.tokens;
            left_cost := one.cost - spent.cost - held.cost;
            IF left_tokens < prompt + least_out OR left_cost <= 0 OR left_cost < prompt_cost + least_out * token_cost THEN
                verdict := jsonb_build_object('verdict', 'budget', 'scope', one.scope, 'name', one.name, 'period', one.period,
                    'tokens', one.tokens, 'cost', one.cost, 'spentTokens', spent.tokens, 'spentCost', spent.cost,
                    -- It would do if no other request were running.
                    'held', coalesce(left_tokens + held.tokens >= prompt + least_out, true)
                        AND coalesce(left_cost + held.cost > 0 AND left_cost + held.cost >= prompt_cost + least_out * token_cost, true));
                EXIT;
            END IF;
            output := least(output, left_tokens - prompt);
            IF token_cost > 0 AND left_cost IS NOT NULL THEN
                output := least(output::double precision, floor((left_cost - prompt_cost) / token_cost))::bigint;
            END IF;
        END LOOP;
    END IF;

    IF verdict IS NOT NULL THEN
        UPDATE gateway.rates r SET requests = r.requests + 1, tokens = r.tokens + prompt
          FROM jsonb_to_recordset(ask->'rates') AS x(scope text, name text) WHERE r.scope = x.scope AND r.name = x.name;
        RETURN verdict || jsonb_build_object('rates', rates);
    END IF;
    INSERT INTO gateway.reservations (id, key_id, owner, team, tokens, cost, expires_at)
      VALUES ((ask->>'id')::uuid, the_key, the_owner, the_team, prompt + output, prompt_cost + ceil(output * token_cost)::bigint,
              moment + make_interval(secs => (ask->>'hold')::double precision));
    RETURN jsonb_build_object('verdict', 'ok', 'output', output, 'rates', rates);
END $$;

-- Writes what requests used. What is written already is not counted again. Returns how many were new.
CREATE FUNCTION gateway.settle(batch jsonb) RETURNS integer LANGUAGE plpgsql AS $$
DECLARE
    fresh uuid[];
    rate  record;
BEGIN
    DELETE FROM gateway.reservations r USING jsonb_to_recordset(batch) AS x(id uuid) WHERE r.id = x.id;
    WITH added AS (
        INSERT INTO gateway.usage (id, at, request, key_id, owner, team, asked, served, pool, input_tokens, output_tokens, gpu_seconds, cost, status, duration_ms, streamed)
        SELECT x.id, x.at, x.request, x.key, x.owner, x.team, x.asked, x.served, x.pool, x.input, x.output, x.gpu, x.cost, x.status, x.ms, x.streamed
          FROM jsonb_to_recordset(batch) AS x(id uuid, at timestamptz, request text, key text, owner text, team text, asked text, served text, pool text,
               input bigint, output bigint, gpu double precision, cost bigint, status integer, ms bigint, streamed boolean)
        ON CONFLICT (id) DO NOTHING RETURNING id)
    SELECT array_agg(id) INTO fresh FROM added;

    -- The prompt's estimate was taken from the rate already.
    FOR rate IN
        SELECT s.scope, s.name, sum(u.input_tokens + u.output_tokens - x.prompt) AS more
          FROM gateway.usage u JOIN jsonb_to_recordset(batch) AS x(id uuid, prompt bigint) ON x.id = u.id
          CROSS JOIN LATERAL (VALUES ('key', u.key_id), ('team', u.team)) AS s(scope, name)
         WHERE u.id = ANY (fresh) GROUP BY 1, 2 ORDER BY 1, 2
    LOOP
        UPDATE gateway.rates r SET tokens = r.tokens - rate.more WHERE r.scope = rate.scope AND r.name = rate.name;
    END LOOP;

    INSERT INTO gateway.counters AS c (scope, name, period, starts, requests, tokens, cost)
    SELECT s.scope, s.name, p.period, date_trunc(p.period, u.at, 'UTC'), count(*), sum(u.input_tokens + u.output_tokens), sum(u.cost)
      FROM gateway.usage u
      CROSS JOIN LATERAL (VALUES ('key', u.key_id), ('user', u.owner), ('team', u.team)) AS s(scope, name)
      CROSS JOIN (VALUES ('day'), ('month')) AS p(period)
     WHERE u.id = ANY (fresh) AND s.name <> '' GROUP BY 1, 2, 3, 4 ORDER BY 1, 2, 3, 4
    ON CONFLICT (scope, name, period, starts) DO UPDATE
      SET requests = c.requests + excluded.requests, tokens = c.tokens + excluded.tokens, cost = c.cost + excluded.cost;
    RETURN coalesce(cardinality(fresh), 0);
END $$;
