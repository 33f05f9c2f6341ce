//! What the command line takes, with its help.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

use crate::deploy::Host;

/// An AI assistant that runs on this machine.
#[derive(Debug, Parser)]
#[command(
    name = "hearth",
    bin_name = "./hearth",
    version,
    max_term_width = 100,
    disable_help_subcommand = true,
    after_help = "\
Examples:
  ./hearth up                        run everything; another terminal can then chat
  ./hearth chat                      talk to it
  ./hearth chat \"Why is the sky blue?\"
  ./hearth models list               larger models that fit this machine
  ./hearth doctor                    what is wrong, and how to mend it
  ./hearth test                      run every test (the script itself takes this one)"
)]
pub struct Arguments {
    /// The folder that holds everything: database, models, keys, logs [default: $HEARTH_HOME, else the system's data
    /// folder].
    #[arg(long, global = true, value_name = "FOLDER")]
    pub home: Option<PathBuf>,
    #[command(subcommand)]
    pub command: Command,
}

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Run everything on this machine until Ctrl-C.
    Up(Up),
    /// Talk to the assistant.
    Chat(Chat),
    /// Say what is running.
    Status(Status),
    /// Check every dependency, and say how to mend what is found.
    Doctor,
    /// Deploy Hearth as a function: check the settings before anyone does.
    Deploy(Deploy),
    /// List, fetch and choose models.
    Models(Models),
    /// Add people, and reset their passwords.
    User(User),
    /// Show what the programs wrote.
    Logs(Logs),
    /// Copy everything but the models into one file, and prove that the copy restores.
    Backup(Backup),
    /// Put a backup into an empty home.
    Restore(Restore),
    /// Delete this home's data, after asking.
    Reset(Reset),
}

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  ./hearth up
  ./hearth up --port 9000 --edge-port 9001
  ./hearth up --model ~/models/mistral.gguf
  ./hearth up --json | jq -r .url       one line when ready, for scripts")]
pub struct Up {
    /// Where the page and the API listen, on 127.0.0.1 [default: 8787].
    #[arg(long)]
    pub port: Option<u16>,
    /// Where the model's own OpenAI-compatible server listens, on 127.0.0.1 [default: 8788].
    #[arg(long)]
    pub edge_port: Option<u16>,
    /// A name from `./hearth models list`, or a GGUF file [default: what `models use` chose].
    #[arg(long, value_name = "NAME|FILE")]
    pub model: Option<String>,
    /// Print one line of JSON when ready, and nothing else, on standard output.
    #[arg(long)]
    pub json: bool,
}

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  ./hearth chat                          an interactive chat; Ctrl-C stops an answer, /quit leaves
  ./hearth chat \"Name three rivers\"      one question
  git diff | ./hearth chat \"Summarise this\"
  echo \"Hello\" | ./hearth chat           the question from a pipe")]
pub struct Chat {
    /// A question; without one, and with a terminal, the chat is interactive.
    pub question: Option<String>,
    /// The model to ask, where more than one answers.
    #[arg(long)]
    pub model: Option<String>,
    /// Sign in with this e-mail address instead of the saved session.
    #[arg(long, value_name = "ADDRESS")]
    pub email: Option<String>,
    /// Mark what is said as private: it is answered by models at home only.
    #[arg(long)]
    pub private: bool,
}

#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  ./hearth status\n  ./hearth status --json")]
pub struct Status {
    /// The same as JSON, on one line.
    #[arg(long)]
    pub json: bool,
}

#[derive(Debug, Args)]
pub struct Deploy {
    #[command(subcommand)]
    pub command: DeployCommand,
}

#[derive(Debug, Subcommand)]
pub enum DeployCommand {
    /// Check an environment file against all hosts: names, formats, keys that don't match, services that answer.
    Check(DeployCheck),
}

#[derive(Debug, Args)]
#[command(after_help = "\
The file has a NAME=value by the line; docs/settings.md lists the names. No value is ever shown.

Exit status:
  0  every host can be deployed; there may be something to heed
  1  something has to be mended before, or the file can't be read

Examples:
  ./hearth deploy check production.env
  ./hearth deploy check production.env --host vercel --host lambda
  ./hearth deploy check production.env --offline     without asking Supabase, Upstash and the daemon")]
pub struct DeployCheck {
    /// The environment file.
    pub file: PathBuf,
    /// Check for this host only; may be given more than once [default: all].
    #[arg(long, value_enum, value_name = "HOST")]
    pub host: Vec<Host>,
    /// Don't ask the services that the file names.
    #[arg(long)]
    pub offline: bool,
}

#[derive(Debug, Args)]
pub struct Models {
    #[command(subcommand)]
    pub command: ModelsCommand,
}

#[derive(Debug, Subcommand)]
#[command(after_help = "\
Examples:
  ./hearth models list
  ./hearth models pull Qwen3-0.6B
  ./hearth models use Qwen3-0.6B")]
pub enum ModelsCommand {
    /// What can be fetched by name, what is here, and what fits this machine's memory.
    List,
    /// Fetch a model from the hub, with resume, verified against its SHA-256.
    #[command(after_help = "\
HF_ENDPOINT names another hub; HF_TOKEN is for models whose licence has to be accepted first.

Examples:
  ./hearth models pull Qwen3-4B
  ./hearth models pull bartowski/Mistral-7B-Instruct-v0.3-GGUF/Mistral-7B-Instruct-v0.3-Q4_K_M.gguf")]
    Pull {
        /// A name from `models list`, or OWNER/NAME/FILE.gguf on the hub.
        name: String,
    },
    /// Choose the model that `up` serves from now on.
    #[command(
        after_help = "Examples:\n  ./hearth models use Qwen3-4B\n  ./hearth models use /data/mine.gguf"
    )]
    Use {
        /// A name from `models list`, or a GGUF file.
        name: String,
    },
}

#[derive(Debug, Args)]
pub struct User {
    #[command(subcommand)]
    pub command: UserCommand,
}

#[derive(Debug, Subcommand)]
pub enum UserCommand {
    /// Add a person, with a generated password that is shown once.
    #[command(after_help = "\
Examples:
  ./hearth user add ada@example.org
  echo \"$PASSWORD\" | ./hearth user add ada@example.org --password-stdin")]
    Add(Person),
    /// Give a person a new password, and end their sessions.
    #[command(after_help = "Examples:\n  ./hearth user reset-password ada@example.org")]
    ResetPassword(Person),
}

#[derive(Debug, Args)]
pub struct Person {
    /// The e-mail address they sign in with.
    pub email: String,
    /// Read the password from standard input instead of making one up.
    #[arg(long)]
    pub password_stdin: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Program {
    Hearth,
    Edge,
    Postgres,
    Redis,
}

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  ./hearth logs                 the last lines of each
  ./hearth logs edge -f         follow the model's
  ./hearth logs postgres -n 200")]
pub struct Logs {
    /// Whose log; without it, each one's.
    pub program: Option<Program>,
    /// Go on showing what is written.
    #[arg(short, long)]
    pub follow: bool,
    /// How many lines of what is there.
    #[arg(short = 'n', long = "lines", default_value_t = 20, value_name = "LINES")]
    pub lines: usize,
}

#[derive(Debug, Args)]
#[command(after_help = "\
Works while Hearth runs and while it does not. Models are not copied: they can be fetched again.

Examples:
  ./hearth backup                       into the home's backups folder
  ./hearth backup /mnt/disk/hearth.tar")]
pub struct Backup {
    /// The file to write [default: backups/hearth-DATE.tar in the home].
    pub file: Option<PathBuf>,
}

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  ./hearth restore hearth-2026-11-23.tar
  ./hearth restore --home /tmp/look hearth.tar   look into a backup beside the real home")]
pub struct Restore {
    /// A file that `./hearth backup` wrote.
    pub file: PathBuf,
    /// Replace what the home holds, without asking.
    #[arg(long)]
    pub yes: bool,
}

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  ./hearth reset                 asks first
  ./hearth reset --yes --models  everything, models too, without asking")]
pub struct Reset {
    /// Don't ask.
    #[arg(long)]
    pub yes: bool,
    /// Delete the models too.
    #[arg(long)]
    pub models: bool,
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_command_line_is_well_formed() {
        Arguments::command().debug_assert();
    }

    #[test]
    fn every_command_that_takes_something_shows_an_example() {
        fn check(command: &clap::Command) {
            let takes = command.get_arguments().any(|argument| !argument.is_global_set());
            let examples = command.get_after_help().is_some_and(|help| help.to_string().contains("./hearth"));
            assert!(!takes || examples, "{} has no examples", command.get_name());
            command.get_subcommands().for_each(check);
        }
        check(&Arguments::command());
    }
}
