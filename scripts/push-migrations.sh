#!/bin/sh
# Applies the migrations that a database does not have yet, with psql: each file whole or not at all, in order, and recorded
# where Supabase's own tool records, so that both can be used by turns. The database is the one that psql reaches by its
# environment (PGHOST, PGUSER, PGPASSWORD, …; https://www.postgresql.org/docs/current/libpq-envars.html).
set -eu

here=$(cd "$(dirname "$0")/.." && pwd)
command -v psql >/dev/null || { echo "psql is needed. On Debian and Ubuntu: apt-get install postgresql-client" >&2; exit 1; }
ask() { psql --no-psqlrc --quiet --no-align --tuples-only --set ON_ERROR_STOP=1 "$@"; }

ask --output /dev/null <<'SQL' || { echo "The database can't be reached. Set PGHOST, PGPORT, PGDATABASE, PGUSER and PGPASSWORD: docs/deploy/supabase.md" >&2; exit 1; }
set client_min_messages = warning;
create schema if not exists supabase_migrations;
create table if not exists supabase_migrations.schema_migrations (
  version text primary key, statements text[], name text);
SQL
recorded=$(ask --command 'select version from supabase_migrations.schema_migrations')

pushed=0
for file in "$here"/migrations/*.sql; do
  name=$(basename "$file" .sql)
  version=${name%%_*}
  case "
$recorded
" in *"
$version
"*) continue ;; esac
  # Both come from a file's name of ours: digits, letters and underscores.
  ask --single-transaction --file "$file" \
    --command "insert into supabase_migrations.schema_migrations (version, name) values ('$version', '${name#*_}')" \
    || { echo "$name failed, and left nothing behind. What was pushed before it stays: $pushed." >&2; exit 1; }
  echo "$name"
  pushed=$((pushed + 1))
done
echo "$pushed pushed; the database is up to date."
