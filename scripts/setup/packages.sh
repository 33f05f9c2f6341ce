# shellcheck shell=sh
# System packages. Each need is probed by what it provides, not by a package's name, so that servers and compilers
# which came another way count too. The probes are shell built-ins: a machine that is set up pays milliseconds.

missing=
reasons=

# need PACKAGE WHY: notes a Debian package to install, and what for.
need() {
  missing="$missing $1"
  case $reasons in *"$2"*) ;; *) reasons="$reasons${reasons:+, }$2" ;; esac
}

has() { command -v "$1" >/dev/null 2>&1; }

# any FILE…: whether the first argument, usually an expanded pattern, is a file.
any() { [ -e "$1" ]; }

need_to_run() {
  if [ -z "${DATABASE_URL-}" ] && ! has postgres && ! any /usr/lib/postgresql/*/bin/postgres \
    && ! any /opt/homebrew/opt/postgresql*/bin/postgres && ! any /usr/local/opt/postgresql*/bin/postgres; then
    need postgresql "the database"
  fi
  if [ -z "${REDIS_URL-}" ] && ! has redis-server; then need redis-server "streams"; fi
  is_built || need_to_build
}

need_compiler() {
  has cc || need build-essential "to build"
  has cargo || any "$HOME/.cargo/bin/cargo" || has curl || need "curl ca-certificates" "to fetch Rust"
}

need_to_build() {
  need_compiler
  has cmake || need cmake "to build the model runner"
  has clang || need clang "to build the model runner"
  any /usr/lib/llvm-*/lib/libclang*.so* || any /usr/lib64/libclang.so* || any /Library/Developer/CommandLineTools \
    || need libclang-dev "to build the model runner"
}

need_to_test() {
  need_to_build
  any /usr/share/postgresql/*/extension/pgtap.control || any /opt/homebrew/share/postgresql*/extension/pgtap.control \
    || need pgtap "database tests"
  has node || need nodejs "the official clients' tests"
  has npm || need npm "the official clients' tests"
  python3 -m pip --version >/dev/null 2>&1 || need python3-pip "to fetch a linter"
}

install_missing() {
  [ -n "$missing" ] || return 0
  if ! has apt-get; then
    say "hearth: these are missing (named as on Debian):$missing"
    say "They are $reasons. Install them with your system's package manager, then run this again."
    say "  macOS:  brew install cmake llvm postgresql redis node python"
    say "  Fedora: sudo dnf install cmake clang clang-devel postgresql-server redis nodejs python3-pip"
    exit 1
  fi
  say "Installing with apt:$missing ($reasons)"
  as_root=
  if [ "$(id -u)" -ne 0 ]; then
    has sudo || stop "root is needed to install. As root, run: apt-get install$missing"
    as_root=sudo
  fi
  # shellcheck disable=SC2086  # a list of words on purpose
  {
    $as_root apt-get update -qq &&
      $as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends $missing
  } </dev/null >&2 || stop "apt could not install these. See above, then run: sudo apt-get install$missing"
  missing=
}
