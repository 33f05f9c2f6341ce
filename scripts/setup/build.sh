# shellcheck shell=sh
# Building, and knowing when there is nothing to build.

# Names the clone whose sources the program was built from; as old as the beginning of that build.
stamp=$CARGO_TARGET_DIR/release/.hearth-built-from

is_built() {
  [ -x "$program" ] && [ -f "$stamp" ] || return 1
  read -r built_from <"$stamp" && [ "$built_from" = "$here" ] || return 1
  # Folders count too: a file that was removed leaves its folder newer.
  newer=$(cd "$here" && find Cargo.toml Cargo.lock .cargo shared local edge-daemon migrations -newer "$stamp" | head -n 1)
  [ -z "$newer" ]
}

# The whole workspace each time: cargo builds a dependency anew for every other choice of packages.
cargo_build() {
  mkdir -p "$CARGO_TARGET_DIR/release"
  printf '%s\n' "$here" >"$stamp.$$"
  # In the clone: cargo reads .cargo/config.toml from where it runs.
  if (cd "$here" && cargo build --release --workspace "$@") >&2; then
    mv "$stamp.$$" "$stamp"
  else
    rm -f "$stamp.$$"
    return 1
  fi
}

build_program() {
  ! is_built || return 0
  need_to_build
  install_missing
  need_rust
  [ -x "$program" ] || say "Building Hearth. The first time takes 15 minutes or more on two cores; later builds are short."
  cargo_build --bins || stop "the build failed; see above."
}

build_tests() {
  need_rust
  HEARTH_CACHE=$cache
  export HEARTH_CACHE
  "$here/scripts/test-tools.sh" "$cache/tools" || stop "a tool that the tests need is missing; see above."
  PATH=$cache/tools/bin:$PATH
  export PATH
  # All of it, as every later step asks for it: another selection would have other features, and be built again.
  if ! cargo_build --all-targets; then
    say "hearth: the tests could not be built; see above."
    printf '0 passed, 1 failed\n'
    exit 1
  fi
}
