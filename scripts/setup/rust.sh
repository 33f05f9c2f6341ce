# shellcheck shell=sh
# The Rust toolchain: the one at hand where it is new enough, else rustup's, else the system's packages.

rust_wanted=$(sed -n 's/^rust-version = "\(.*\)"/\1/p' "$here/Cargo.toml")

# new_enough VERSION: whether VERSION is at least the one that the workspace names.
new_enough() {
  [ -n "$1" ] && [ "$(printf '%s\n%s\n' "$rust_wanted" "$1" | sort -V | head -n 1)" = "$rust_wanted" ]
}

rust_version() { rustc --version 2>/dev/null | sed 's/^rustc \([0-9.]*\).*/\1/'; }

# Debian carries a current compiler for its browsers, beside the old one of the release.
rust_from_apt() {
  has apt-cache || return 1
  for suffix in -web ''; do
    offered=$(apt-cache policy "rustc$suffix" 2>/dev/null | sed -n 's/ *Candidate: \([0-9.]*\).*/\1/p')
    if new_enough "$offered"; then
      tools="rustfmt$suffix"
      [ "$suffix" = -web ] && tools="$tools rust-web-clippy" || tools="$tools rust-clippy"
      need "rustc$suffix cargo$suffix $tools" "to build"
      install_missing
      return 0
    fi
  done
  return 1
}

need_rust() {
  PATH=$PATH:$HOME/.cargo/bin
  export PATH
  new_enough "$(rust_version)" && has cargo && return 0
  if has rustup; then
    say "Updating Rust to $rust_wanted or newer, with rustup"
    rustup toolchain install stable >&2 || stop "rustup could not fetch a newer Rust. Try: rustup update stable"
    RUSTUP_TOOLCHAIN=stable
    export RUSTUP_TOOLCHAIN
  elif has curl && installer=$(curl --proto '=https' --tlsv1.2 -fsSL --max-time 60 https://sh.rustup.rs 2>/dev/null); then
    say "Installing Rust with rustup, under $HOME/.cargo"
    printf '%s\n' "$installer" | sh -s -- -y --no-modify-path >&2 || rust_from_apt || no_rust
  else
    rust_from_apt || no_rust
  fi
  hash -r
  new_enough "$(rust_version)" || no_rust
}

no_rust() {
  stop "Rust $rust_wanted or newer is needed, and could not be installed here. See https://rustup.rs, then run this again."
}
