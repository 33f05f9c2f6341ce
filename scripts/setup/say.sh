# shellcheck shell=sh
# What the set-up says, all of it on standard error.

say() { printf '%s\n' "$*" >&2; }

stop() {
  say "hearth: $*"
  exit 1
}

usage() {
  cat <<'END'
Hearth: an AI assistant that runs on this machine.

  ./hearth up      install what is missing (it says what), build, and run everything
  ./hearth chat    talk to it, in another terminal
  ./hearth test    run every test

The first `./hearth up` builds for some minutes. After it, `./hearth --help` lists the rest.
END
  exit 0
}
