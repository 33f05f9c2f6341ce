//! `./hearth test`: every check of the project, one after the other, each with its log, and a table at the end.
//!
//! The script has seen to the tools before this starts. The last line is `N passed, N failed`; a step that can't run
//! counts as failed.

mod counts;
mod deploy;
mod edge_clients;
mod functions;
mod log;
mod server;
mod steps;

use std::io::{self, IsTerminal, Write};
use std::process::ExitCode;
use std::time::{Duration, Instant};

use self::counts::Counts;
use self::steps::{Context, STEPS, Step};

const HELP: &str = "\
./hearth test [--soak] [STEP…]   without a step, every one:
";

struct Finished {
    name: &'static str,
    counts: Counts,
    took: Duration,
}

fn main() -> anyhow::Result<ExitCode> {
    let mut chosen = Vec::new();
    let mut soak = false;
    for argument in std::env::args().skip(1) {
        match argument.as_str() {
            "--soak" => soak = true,
            "-h" | "--help" => return help(),
            name => match STEPS.iter().find(|step| step.name == name) {
                Some(step) => chosen.push(step),
                None => anyhow::bail!("no step is called {name}; ./hearth test --help lists them"),
            },
        }
    }
    if chosen.is_empty() {
        chosen = STEPS.iter().collect();
    }
    let context = Context::new(soak)?;
    let mut finished = Vec::new();
    for step in chosen {
        finished.push(run(step, &context)?);
    }
    let whole = summary(&finished)?;
    Ok(if whole.failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn run(step: &Step, context: &Context) -> anyhow::Result<Finished> {
    say(&heading(&format!("{}: {}", step.name, step.what)))?;
    let began = Instant::now();
    let counts = (step.run)(context).or_else(|error| {
        say(&format!("{error:#}"))?;
        anyhow::Ok(Counts { failed: 1, ..Counts::default() })
    })?;
    let took = began.elapsed();
    say(&format!("{counts} in {}", seconds(took)))?;
    Ok(Finished { name: step.name, counts, took })
}

fn summary(finished: &[Finished]) -> anyhow::Result<Counts> {
    let mut whole = Counts::default();
    say(&heading("summary"))?;
    say(&format!("{:<13}{:>8}{:>8}{:>9}{:>9}", "step", "passed", "failed", "skipped", "time"))?;
    for Finished { name, counts, took } in finished {
        let Counts { passed, failed, skipped } = counts;
        say(&format!("{name:<13}{passed:>8}{failed:>8}{skipped:>9}{:>9}", seconds(*took)))?;
        whole += *counts;
    }
    if whole.skipped > 0 {
        say("Skipped are the long runs: ./hearth test --soak includes them.")?;
    }
    say(&format!("\n{} passed, {} failed", whole.passed, whole.failed))?;
    Ok(whole)
}

fn help() -> anyhow::Result<ExitCode> {
    say(HELP.trim_end())?;
    for step in STEPS {
        say(&format!("  {:<13}{}", step.name, step.what))?;
    }
    say("  --soak    the long runs too")?;
    Ok(ExitCode::SUCCESS)
}

fn say(text: &str) -> io::Result<()> {
    let mut out = io::stdout().lock();
    writeln!(out, "{text}")?;
    out.flush()
}

fn heading(text: &str) -> String {
    if io::stdout().is_terminal() { format!("\n\x1b[1m{text}\x1b[0m") } else { format!("\n== {text}") }
}

fn seconds(took: Duration) -> String {
    let seconds = took.as_secs();
    if seconds < 60 {
        format!("{:.1} s", took.as_secs_f64())
    } else {
        format!("{}:{:02} min", seconds / 60, seconds % 60)
    }
}
