#!/bin/bash
# Runs PostgreSQL on the volume at $PGDATA's parent, as whatever user the platform gives, with its roles and databases as the files in /etc/postgres/roles say.
# Only the pod itself gets in without a password, by the socket; everybody else by TLS, with a role's own password, into the database of the same name.
set -euo pipefail

runtime=/run/postgresql
roles=/etc/postgres/roles
applied=$runtime/roles-applied
export PGHOST=$runtime PGUSER=postgres PGDATABASE=postgres
PATH=$(echo /usr/lib/postgresql/*/bin):$PATH

# initdb wants a name for its user, and an assigned one has none.
if ! getent passwd "$(id -u)" >/dev/null; then
  library=$(echo /usr/lib/*/libnss_wrapper.so)
  printf 'postgres:x:%s:%s::/tmp:/bin/false\n' "$(id -u)" "$(id -g)" >/tmp/passwd
  printf 'postgres:x:%s:\n' "$(id -g)" >/tmp/group
  export LD_PRELOAD=$library NSS_WRAPPER_PASSWD=/tmp/passwd NSS_WRAPPER_GROUP=/tmp/group
fi

# A folder of its own: a volume may come with lost+found. What an interrupted initdb left is no database yet.
if [ ! -s "$PGDATA/PG_VERSION" ]; then
  rm -rf "$PGDATA" "$PGDATA.new"
  initdb --pgdata="$PGDATA.new" --username=postgres --auth-local=trust --auth-host=reject --encoding=UTF8 --locale=C.UTF-8 --data-checksums
  mv "$PGDATA.new" "$PGDATA"
fi
if [ "$(cat "$PGDATA/PG_VERSION")" != "$(postgres --version | sed -E 's/^[^0-9]*([0-9]+).*/\1/')" ]; then
  echo "the volume holds data of PostgreSQL $(cat "$PGDATA/PG_VERSION"), the program is $(postgres --version): docs/gateway.md says how to move it" >&2
  exit 64
fi
# A volume that is mounted again with an fsGroup has been made writable for the group, which PostgreSQL refuses.
chmod 0700 "$PGDATA"

# Its clients don't check who signed this, but that it is what both of them bound the password to (channel binding), so a new one at each start does.
if ! said=$(openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 3650 -subj /CN=postgres -keyout /tmp/server.key -out /tmp/server.crt 2>&1); then
  echo "no certificate: $said" >&2
  exit 1
fi
chmod 0600 /tmp/server.key
printf 'local all postgres trust\nhostssl all postgres all reject\nhostssl sameuser all all scram-sha-256\n' >/tmp/pg_hba.conf

# One role and one database of each file's name; the last field of its line is the password (https://www.postgresql.org/docs/15/libpq-pgpass.html).
apply_roles() {
  local file name password
  for file in "$roles"/*; do
    name=${file##*/}
    password=$(cat "$file")
    password=${password##*:}
    # Neither in the arguments of a process nor, should it fail, in the log.
    PASSWORD=$password PGOPTIONS='-c log_min_error_statement=panic' psql --quiet --no-psqlrc --set=ON_ERROR_STOP=1 --set=name="$name" <<'SQL' || return 1
\getenv password PASSWORD
SELECT format('CREATE ROLE %I', :'name') WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = :'name') \gexec
SELECT format('ALTER ROLE %I LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS PASSWORD %L', :'name', :'password') \gexec
SELECT format('CREATE DATABASE %I OWNER %I', :'name', :'name') WHERE NOT EXISTS (SELECT FROM pg_database WHERE datname = :'name') \gexec
REVOKE ALL ON DATABASE :"name" FROM PUBLIC;
SQL
  done
}

rm -f "$applied"
postgres "$@" &
server=$!
# Fast: sessions are ended, what was committed stays.
trap 'kill -INT "$server" 2>/dev/null || true' TERM INT

# A password that is changed in its Secret is the role's within a minute or two, as the kubelet brings it.
(
  seen=
  while kill -0 "$server" 2>/dev/null; do
    now=$(cat "$roles"/* | sha256sum)
    if [ "$now" != "$seen" ] && pg_isready --quiet && apply_roles; then
      seen=$now
      touch "$applied"
    fi
    sleep 1
  done
) &

code=0
wait "$server" || code=$?
# The trap ends the first wait before the server has ended.
while kill -0 "$server" 2>/dev/null; do
  code=0
  wait "$server" || code=$?
done
exit "$code"
