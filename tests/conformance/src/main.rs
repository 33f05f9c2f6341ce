//! `hearth-conformance URL`: runs every case against a deployed Router, and says how it came out.

use std::{
    io::{self, Write},
    process::ExitCode,
};

use anyhow::{Context as _, bail};
use clap::Parser;
use hearth_clients::Secret;
use hearth_conformance::{Host, Options, SignIn, Target, report::Finished, run, table};

/// Runs the conformance cases against a base URL. They make two people's workspaces, conversations and turns there.
#[derive(Parser)]
#[command(name = "hearth conformance", version)]
struct Arguments {
    /// Where the API is, such as https://hearth.example.com
    #[arg(required_unless_present = "list")]
    url: Option<String>,
    /// local, vercel, cloudflare or lambda; found out by its answers if left out
    #[arg(long)]
    host: Option<Host>,
    /// The project that people sign up at; the base URL itself if left out
    #[arg(long, env = "SUPABASE_URL")]
    supabase_url: Option<String>,
    /// Its publishable or anon key
    #[arg(long, env = "SUPABASE_PUBLISHABLE_KEY", hide_env_values = true)]
    publishable_key: Option<String>,
    /// The access tokens of two people, with a comma between, where nobody can sign up. Better set than typed: other
    /// people of the machine can read a command line
    #[arg(long, env = "HEARTH_CONFORMANCE_TOKENS", hide_env_values = true)]
    tokens: Option<String>,
    /// The schedule's secret; without it the calls that need it are skipped
    #[arg(long, env = "CRON_SECRET", hide_env_values = true)]
    cron_secret: Option<String>,
    /// Only the cases whose name holds this
    #[arg(long)]
    only: Option<String>,
    /// Cases at once
    #[arg(long, default_value_t = 4)]
    jobs: usize,
    /// Prints one JSON object at the end, and nothing else
    #[arg(long)]
    json: bool,
    /// Prints the documentation's tables
    #[arg(long)]
    list: bool,
}

#[tokio::main]
async fn main() -> anyhow::Result<ExitCode> {
    let arguments = Arguments::parse();
    let mut out = io::stdout();
    if arguments.list {
        write!(out, "{}\n{}", table::of_cases(), table::of_differences())?;
        return Ok(ExitCode::SUCCESS);
    }
    let options = Options { only: arguments.only.clone(), at_once: arguments.jobs };
    let json = arguments.json;
    let target = target(arguments).await?;
    let tell = |finished: &Finished| {
        if !json {
            // Progress that nobody can read is no reason to stop.
            let _ = finished.write(io::stdout().lock());
        }
    };
    let report = run(target, &options, tell).await?;
    if json {
        writeln!(out, "{}", report.to_json())?;
    } else {
        report.write(&mut out)?;
    }
    Ok(if report.is_well() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

async fn target(arguments: Arguments) -> anyhow::Result<Target> {
    let url = arguments.url.unwrap_or_default();
    let sign_in = match (arguments.tokens, arguments.publishable_key) {
        (Some(tokens), _) => two(&tokens)?,
        (None, Some(key)) => SignIn::SignUp {
            supabase: arguments.supabase_url.unwrap_or_else(|| url.clone()),
            publishable_key: Secret::new(key),
        },
        (None, None) => bail!(
            "set SUPABASE_URL and SUPABASE_PUBLISHABLE_KEY, so that two people can sign up, or \
             HEARTH_CONFORMANCE_TOKENS to the access tokens of two people"
        ),
    };
    Target::new(&url, arguments.host, sign_in, arguments.cron_secret.map(Secret::new)).await
}

fn two(tokens: &str) -> anyhow::Result<SignIn> {
    let (one, other) = tokens.split_once(',').context("two access tokens, with a comma between")?;
    Ok(SignIn::Tokens([Secret::new(one.trim()), Secret::new(other.trim())]))
}
