#!/bin/sh
# Runs the database's tests: a throw-away PostgreSQL on a socket of its own, the migrations applied
# as a role without superuser under Supabase's old and new default privileges, every test in each.
# The last line says how many passed and failed. Needs PostgreSQL 15 to 17 with pgTAP.
set -eu

here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
root=$(CDPATH='' cd -- "$here/../.." && pwd)

# The newest PostgreSQL that has pgTAP: Debian's folders, Homebrew's, then the PATH.
find_postgres() {
    on_path=$(command -v pg_config || true)
    for bin in $(printf '%s\n' /usr/lib/postgresql/*/bin /opt/homebrew/opt/postgresql@*/bin \
        /usr/local/opt/postgresql@*/bin | sort -V -r) ${on_path:+"$("$on_path" --bindir)"}; do
        if [ ! -x "$bin/initdb" ] || [ ! -x "$bin/psql" ]; then continue; fi
        if [ -x "$bin/pg_config" ]; then share=$("$bin/pg_config" --sharedir); else share=; fi
        for folder in "$share" "/usr/share/postgresql/$(basename "$(dirname "$bin")")"; do
            if [ -f "$folder/extension/pgtap.control" ]; then echo "$bin"; return; fi
        done
    done
    echo "No PostgreSQL with pgTAP here. On Debian and Ubuntu: apt-get install postgresql pgtap" >&2
    return 1
}

# PostgreSQL refuses to run as root.
unprivileged() {
    if [ "$(id -u)" -ne 0 ]; then "$@"
    elif command -v runuser >/dev/null; then (cd / && runuser -u postgres -- "$@")
    else (cd / && su postgres -s /bin/sh -c 'exec "$@"' -- sh "$@")
    fi
}

# Whatever ends this, the last line says what came of it.
told=
fail_unless_told() { if [ -z "$told" ]; then echo '0 passed, 1 failed'; fi; }
trap fail_unless_told EXIT
bin=$(find_postgres)
# In /tmp whatever TMPDIR says: a socket's path is short, and `postgres` has to reach it.
work=$(mktemp -d /tmp/hearth-pgtap.XXXXXX)
stop() {
    if [ -f "$work/data/postmaster.pid" ]; then
        unprivileged "$bin/pg_ctl" -D "$work/data" -m immediate stop >/dev/null 2>&1 || true
    fi
    rm -rf "$work"
    fail_unless_told
}
trap stop EXIT
trap 'exit 130' INT TERM HUP
if [ "$(id -u)" -eq 0 ]; then chown postgres "$work"; fi
mkdir "$work/out"

unprivileged "$bin/initdb" -D "$work/data" -U supabase_admin -A trust -E UTF8 --locale=C \
    --no-sync >"$work/out/initdb" 2>&1 || { cat "$work/out/initdb"; exit 1; }
unprivileged "$bin/pg_ctl" -D "$work/data" -l "$work/log" -w -o "-k $work -c listen_addresses='' \
-c fsync=off -c synchronous_commit=off -c full_page_writes=off -c autovacuum=off -c jit=off" \
    start >"$work/out/start" 2>&1 || { cat "$work/out/start" "$work/log"; exit 1; }

sql() { # sql ROLE DATABASE [PSQL ARGUMENTS]
    role=$1 database=$2
    shift 2
    PGOPTIONS='-c client_min_messages=warning' \
        "$bin/psql" -X -q -t -A -v ON_ERROR_STOP=1 -h "$work" -U "$role" -d "$database" "$@"
}

prepare() { # prepare DATABASE: bootstrap and migrations, as `./hearth up` applies them
    sql supabase_admin postgres -c "create database $1 template base owner postgres"
    sql postgres "$1" -f "$here/support/default_privileges/$1.sql"
    for file in "$root"/migrations/*.sql; do
        sql postgres "$1" -1 -f "$file" || { echo "could not apply $file under $1" >&2; return 1; }
    done
    for file in "$here"/support/*.sql; do sql supabase_admin "$1" -f "$file"; done
}

run_tests() { # run_tests DATABASE
    for file in "$here"/*.test.sql; do
        name=$(basename "$file" .test.sql)
        ended=0
        place=$1
        # Most tests roll back. One that commits gets a copy of its own.
        if grep -q '^commit;' "$file"; then
            place=$1_$name
            sql supabase_admin postgres -c "create database $place template $1"
        fi
        sql supabase_admin "$place" -f "$file" >"$work/out/$1.$name" 2>&1 || ended=$?
        awk -v name="$name" -v grants="$1" -v ended="$ended" '
            /^ok /     { passed++ }
            /^not ok / { failed++ }
            /^1\.\.[0-9]+/ { planned = substr($1, 4) }
            { line[NR] = $0 }
            END {
                # A file that died, or that planned another number than it ran, has failed once more.
                if (ended != 0 || planned == "" || planned != passed + failed) failed++
                printf "%-4s %-8s %-24s %d\n", failed ? "FAIL" : "ok", grants, name, passed + failed
                if (failed) for (i = 1; i <= NR; i++) if (line[i] !~ /^(ok |$)/) print "    " line[i]
                printf "%d %d\n", passed, failed >> "'"$work/out/count.$1"'"
            }' "$work/out/$1.$name"
    done
}

sql supabase_admin postgres -c 'create database base'
for file in "$root"/local/sql/*.sql; do sql supabase_admin base -f "$file"; done
# Run again: it has to be idempotent.
for file in "$root"/local/sql/*.sql; do sql supabase_admin base -f "$file" 2>/dev/null; done
sql supabase_admin base -c 'create schema tap; grant usage on schema tap to public;
    create extension pgtap schema tap; create extension dblink schema tap'

prepare old_grants
prepare new_grants
run_tests old_grants >"$work/out/report.old_grants" 2>&1 &
run_tests new_grants
wait $! || true
cat "$work/out/report.old_grants"

passed=$(cat "$work"/out/count.* | awk '{ n += $1 } END { print n + 0 }')
failed=$(cat "$work"/out/count.* | awk '{ n += $2 } END { print n + 0 }')
echo "$passed passed, $failed failed"
told=yes
[ "$failed" -eq 0 ] && [ "$passed" -gt 0 ]
