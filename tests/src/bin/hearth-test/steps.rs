//! The steps of `./hearth test`, in their order: what is quick to say no comes first.

use std::cell::OnceCell;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::Context as _;

use crate::counts::{self, Counts};
use crate::deploy;
use crate::edge_clients;
use crate::functions::{self, Environment};
use crate::log::Log;
use crate::server::Server;

pub struct Step {
    pub name: &'static str,
    pub what: &'static str,
    pub run: fn(&Context) -> anyhow::Result<Counts>,
}

pub const STEPS: &[Step] = &[
    Step { name: "format", what: "rustfmt", run: format },
    Step { name: "unused", what: "dependencies that nothing uses (cargo-machete)", run: unused },
    Step { name: "deny", what: "licences, sources and bans of dependencies (cargo-deny)", run: deny },
    Step { name: "lint", what: "clippy, warnings denied", run: lint },
    Step { name: "build", what: "every program and every test", run: build },
    Step { name: "pgtap", what: "the schema: every role, table and verb", run: pgtap },
    Step {
        name: "functions",
        what: "the functions as they are deployed: Vercel, Lambda, and the Worker",
        run: functions,
    },
    Step { name: "rust", what: "unit, property and whole-system tests", run: rust },
    Step {
        name: "deploy",
        what: "what Vercel's builder and AWS's linter make of our files",
        run: deploy::run,
    },
    Step { name: "doc", what: "examples, and what must not compile", run: doc },
    Step { name: "clients", what: "the official clients, against ./hearth up", run: clients },
    Step {
        name: "edge-clients",
        what: "OpenAI's and Anthropic's clients, against the edge daemon",
        run: edge_clients::run,
    },
];

/// Where things are, and what was asked.
pub struct Context {
    root: PathBuf,
    target: PathBuf,
    logs: PathBuf,
    soak: bool,
    functions: OnceCell<Environment>,
}

impl Context {
    /// The script starts the tests in the clone, with the target folder in the environment.
    pub fn new(soak: bool) -> anyhow::Result<Self> {
        let root = std::env::current_dir()?;
        let target = std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root.join("target"), PathBuf::from);
        let logs = target.join("test-logs");
        Ok(Self { root, target, logs, soak, functions: OnceCell::new() })
    }

    pub fn root(&self) -> &Path {
        &self.root
    }

    pub fn program(&self, name: &str) -> PathBuf {
        self.target.join("release").join(name)
    }

    /// Where tools and models are kept from one clone to the next.
    pub fn cache(&self) -> PathBuf {
        std::env::var_os("HEARTH_CACHE").map_or_else(|| self.target.clone(), PathBuf::from)
    }

    /// The functions, built at the first call.
    fn functions(&self) -> anyhow::Result<&Environment> {
        if let Some(built) = self.functions.get() {
            return Ok(built);
        }
        let built = functions::build(self, &self.log("functions")?)?;
        Ok(self.functions.get_or_init(|| built))
    }

    pub fn log(&self, step: &str) -> anyhow::Result<Log> {
        Log::new(&self.logs, step)
    }

    pub fn command(&self, program: impl AsRef<Path>, arguments: &[&str]) -> Command {
        let mut command = Command::new(program.as_ref());
        command
            .args(arguments)
            .current_dir(&self.root)
            .env("CARGO_TERM_COLOR", "never")
            .env("HEARTH_BIN", self.program("hearth"))
            .env("HEARTH_EDGE_BIN", self.program("hearth-edge"));
        if self.soak {
            command.env("HEARTH_SOAK", "1");
        }
        command
    }

    fn check(&self, step: &str, program: &str, arguments: &[&str]) -> anyhow::Result<Counts> {
        Ok(Counts::one(self.log(step)?.run(&mut self.command(program, arguments))?.well))
    }
}

fn format(context: &Context) -> anyhow::Result<Counts> {
    context.check("format", "cargo", &["fmt", "--all", "--check"])
}

fn unused(context: &Context) -> anyhow::Result<Counts> {
    context.check("unused", "cargo-machete", &["--with-metadata"])
}

fn deny(context: &Context) -> anyhow::Result<Counts> {
    context.check(
        "deny",
        "cargo-deny",
        &["--workspace", "check", "--hide-inclusion-graph", "bans", "licenses", "sources"],
    )
}

fn lint(context: &Context) -> anyhow::Result<Counts> {
    let arguments = ["clippy", "--release", "--workspace", "--all-targets", "--", "-D", "warnings"];
    context.check("lint", "cargo", &arguments)
}

fn build(context: &Context) -> anyhow::Result<Counts> {
    context.check("build", "cargo", &["build", "--release", "--workspace", "--all-targets"])
}

fn pgtap(context: &Context) -> anyhow::Result<Counts> {
    let ended = context.log("pgtap")?.run(&mut context.command("tests/pgtap/run.sh", &[]))?;
    Ok(Counts::of_run(counts::closing_line(&ended.output), ended.well))
}

fn functions(context: &Context) -> anyhow::Result<Counts> {
    context.functions().map(|_| Counts::one(true))
}

fn rust(context: &Context) -> anyhow::Result<Counts> {
    let nextest =
        Command::new("cargo-nextest").arg("--version").output().is_ok_and(|output| output.status.success());
    let mut arguments = if nextest {
        vec!["nextest", "run", "--release", "--workspace", "--no-fail-fast"]
    } else {
        vec!["test", "--release", "--workspace", "--lib", "--bins", "--tests", "--no-fail-fast"]
    };
    match (nextest, context.soak) {
        (_, false) => {}
        (true, true) => arguments.extend(["--run-ignored", "all"]),
        (false, true) => arguments.extend(["--", "--include-ignored"]),
    }
    let functions = context.functions()?;
    let log = context.log("rust")?;
    // One house for all tests that do no harm; the others start their own.
    let mut server = Server::start(context, &log)?;
    let mut command = context.command("cargo", &arguments);
    let ended = log.run(command.env("HEARTH_TEST_UP", server.share()?).envs(functions.iter().cloned()))?;
    let stopped = server.stop().context("stopping hearth")?;
    let mut counts = Counts::of_run(counts::rust(&ended.output), ended.well);
    counts += Counts::one(stopped);
    Ok(counts)
}

/// nextest passes these over, and that a private prompt cannot be handed to a hosted provider is one of them.
fn doc(context: &Context) -> anyhow::Result<Counts> {
    let mut command =
        context.command("cargo", &["test", "--release", "--workspace", "--doc", "--no-fail-fast"]);
    let ended = context.log("doc")?.run(&mut command)?;
    Ok(Counts::of_run(counts::rust(&ended.output), ended.well))
}

fn clients(context: &Context) -> anyhow::Result<Counts> {
    let folder = context.root.join("tests/clients");
    let log = context.log("clients")?;
    let installed =
        log.run(context.command("npm", &["ci", "--no-audit", "--no-fund"]).current_dir(&folder))?;
    anyhow::ensure!(installed.well, "the clients could not be installed");
    let mut server = Server::start(context, &log)?;
    let mut node = context.command("node", &["--test", "--test-reporter=tap"]);
    let ended = log.run(node.current_dir(&folder).envs(server.environment()))?;
    let stopped = server.stop().context("stopping hearth")?;
    let mut counts = Counts::of_run(counts::node(&ended.output), ended.well);
    counts += Counts::one(stopped);
    Ok(counts)
}
