//! The functions as they are deployed, and the runtimes that they are tested in.

use anyhow::ensure;

use crate::log::Log;
use crate::steps::Context;

/// Variables that the tests of the hosts read.
pub type Environment = Vec<(String, String)>;

/// Builds all three, and tells where they and their runtimes are.
pub fn build(context: &Context, log: &Log) -> anyhow::Result<Environment> {
    let run = |script: &str, arguments: &[&str]| -> anyhow::Result<String> {
        let ended = log.run(&mut context.command(script, arguments))?;
        ensure!(ended.well, "{script} failed");
        Ok(ended.output)
    };
    let tools = context.cache().join("tools");
    let mut environment: Environment =
        run("scripts/host-tools.sh", &[&tools.to_string_lossy()])?.lines().filter_map(variable).collect();
    let built = run("scripts/functions-build.sh", &[])?;
    let folder = built.trim_end().lines().last().unwrap_or_default();
    environment.push(("HEARTH_FUNCTIONS".into(), folder.into()));
    run("scripts/worker-build.sh", &[])?;
    Ok(environment)
}

/// `export NAME=value`, as the scripts print it.
fn variable(line: &str) -> Option<(String, String)> {
    let (name, value) = line.strip_prefix("export ")?.split_once('=')?;
    Some((name.into(), value.into()))
}

#[cfg(test)]
mod tests {
    use super::variable;

    #[test]
    fn exported_variables_are_read_and_other_lines_are_not() {
        let read = variable("export HEARTH_NODE=/usr/bin/node");
        assert_eq!(read, Some(("HEARTH_NODE".into(), "/usr/bin/node".into())));
        assert_eq!(variable("Fetching Node 22"), None);
    }
}
