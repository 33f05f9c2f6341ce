# shellcheck shell=sh
# The functions as they are deployed, and the runtimes that they run in on this machine.

# Exports where they are, for what starts them.
build_functions() {
  tools=$(HEARTH_CACHE=$cache "$here/scripts/host-tools.sh" "$cache/tools") || stop "a host's tool is missing; see above."
  eval "$tools"
  HEARTH_FUNCTIONS=$(HEARTH_CACHE=$cache "$here/scripts/functions-build.sh") || stop "the functions could not be built; see above."
  export HEARTH_FUNCTIONS
  HEARTH_CACHE=$cache "$here/scripts/worker-build.sh" || stop "the Worker could not be built; see above."
}
