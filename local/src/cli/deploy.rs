//! `deploy check`: shows what [`crate::deploy`] found. Names and sentences only; no value of the file is ever shown.

use std::fs;
use std::path::Path;
use std::process::ExitCode;

use anyhow::Context as _;

use super::arguments::{Deploy, DeployCheck, DeployCommand};
use super::terminal::{Style, Terminal};
use crate::deploy::{self, Checking, Finding, Host, Report, State, Weight};

/// The widest a column of the table is.
const COLUMN: usize = 13;
/// Without a terminal, sentences break here.
const WIDTH: usize = 110;

pub async fn run(options: Deploy, terminal: Terminal) -> anyhow::Result<ExitCode> {
    match options.command {
        DeployCommand::Check(options) => check(options, terminal).await,
    }
}

/// 0 when every host can be deployed, 1 when something has to be mended before.
async fn check(options: DeployCheck, terminal: Terminal) -> anyhow::Result<ExitCode> {
    let path = options.file.as_path();
    let text = fs::read_to_string(path).with_context(|| {
        format!("{} can't be read. Name an environment file, with a NAME=value by the line", path.display())
    })?;
    let hosts = if options.host.is_empty() { Host::ALL.to_vec() } else { options.host };
    let report = deploy::check(&text, &Checking { hosts, online: !options.offline }).await;
    table(&report, terminal)?;
    list(&report, terminal)?;
    if is_open(path) {
        let text = format!("\nOthers on this machine can read the file. Run: chmod 600 {}", path.display());
        terminal.line(&text)?;
    }
    terminal.line(&format!("\n{}", verdict(&report)))?;
    Ok(if report.is_sound() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn table(report: &Report, terminal: Terminal) -> std::io::Result<()> {
    let first = report.rows.iter().map(|row| row.name.len()).max().unwrap_or_default() + 2;
    let titles: Vec<_> = report.hosts.iter().map(|host| format!("{:<COLUMN$}", host.title())).collect();
    let titles = titles.concat();
    terminal.line(&terminal.styled(Style::Bold, format!("{:<first$}{titles}", "").trim_end()))?;
    for row in &report.rows {
        let states: String = row.states.iter().map(|state| cell(*state, terminal)).collect();
        terminal.line(format!("{:<first$}{states}", row.name).trim_end())?;
    }
    Ok(())
}

fn cell(state: State, terminal: Terminal) -> String {
    let (word, style) = match state {
        State::Good => ("ok", Style::Good),
        State::Heed => ("heed", Style::Accent),
        State::Absent => ("-", Style::Dim),
        State::Own => ("its own", Style::Dim),
        State::Missing => ("missing", Style::Bad),
        State::Mend => ("mend", Style::Bad),
    };
    // Colours take no room on the screen, so the room is made before them.
    let room = " ".repeat(COLUMN.saturating_sub(word.len()));
    format!("{}{room}", terminal.styled(style, word))
}

fn list(report: &Report, terminal: Terminal) -> std::io::Result<()> {
    let width = terminal.width().unwrap_or(WIDTH).max(40);
    if !report.seen.is_empty() || !report.findings.is_empty() {
        terminal.line("")?;
    }
    for seen in &report.seen {
        terminal.line(&format!("{}  {seen}", terminal.styled(Style::Good, "ok     ")))?;
    }
    for finding in &report.findings {
        let (word, style) = match finding.weight {
            Weight::Stop => ("mend   ", Style::Bad),
            Weight::Missing => ("missing", Style::Bad),
            Weight::Heed => ("heed   ", Style::Accent),
        };
        let mut lines = wrapped(&sentence(report, finding), width.saturating_sub(9)).into_iter();
        terminal.line(&format!("{}  {}", terminal.styled(style, word), lines.next().unwrap_or_default()))?;
        for line in lines {
            terminal.line(&format!("         {line}"))?;
        }
    }
    Ok(())
}

/// What it is about, what is wrong, and where, if that is not everywhere.
fn sentence(report: &Report, finding: &Finding) -> String {
    let concerned: Vec<_> =
        report.hosts.iter().filter(|host| finding.concerns(**host)).map(|host| host.title()).collect();
    let place = if concerned.len() == report.hosts.len() {
        String::new()
    } else {
        format!(" [{}]", concerned.join(", "))
    };
    let end = if finding.text.ends_with('?') { "" } else { "." };
    format!("{} {}{end}{place}", finding.about, finding.text)
}

fn wrapped(text: &str, width: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in text.split_whitespace() {
        let long = lines
            .last()
            .is_some_and(|line| !line.is_empty() && line.chars().count() + 1 + word.chars().count() > width);
        if long {
            lines.push(String::new());
        }
        if let Some(line) = lines.last_mut() {
            if !line.is_empty() {
                line.push(' ');
            }
            line.push_str(word);
        }
    }
    lines
}

fn verdict(report: &Report) -> String {
    let hosts = report.hosts.iter().map(|host| match report.to_mend(*host) {
        0 => format!("{}: ready", host.title()),
        count => format!("{}: {count} to mend", host.title()),
    });
    hosts.collect::<Vec<_>>().join("   ")
}

/// Whether the file can be read by other users of this machine.
fn is_open(path: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt;
    fs::metadata(path).is_ok_and(|file| file.permissions().mode() & 0o077 != 0)
}

#[cfg(test)]
mod tests {
    use super::wrapped;

    #[test]
    fn sentences_break_between_words() {
        assert_eq!(wrapped("one two  three", 7), ["one two", "three"]);
        assert_eq!(wrapped("a-word-that-is-too-long x", 5), ["a-word-that-is-too-long", "x"]);
    }
}
