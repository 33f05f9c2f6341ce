//! `logs`: what the programs wrote, and what they write.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::Context;

use super::arguments::{Logs, Program};
use super::terminal::{Style, Terminal};
use crate::home::Home;

const ALL: [Program; 4] = [Program::Hearth, Program::Edge, Program::Postgres, Program::Redis];
/// The end of a log that is looked through for its last lines.
const TAIL: u64 = 4 << 20;

impl Program {
    fn name(self) -> &'static str {
        match self {
            Self::Hearth => "hearth",
            Self::Edge => "edge",
            Self::Postgres => "postgres",
            Self::Redis => "redis",
        }
    }
}

pub async fn run(home: &Home, options: Logs, terminal: Terminal) -> anyhow::Result<ExitCode> {
    let programs = options.program.map_or_else(|| ALL.to_vec(), |program| vec![program]);
    let labelled = programs.len() > 1;
    let mut readings = Vec::new();
    for program in programs {
        let mut reading = Reading { program, at: 0, unfinished: String::new() };
        if let Some(lines) = reading.last_lines(&home.log(program.name()), options.lines)? {
            for line in lines {
                show(program, &line, labelled, terminal)?;
            }
        } else if !labelled {
            terminal.note(&format!("{} has written nothing yet. Start it: ./hearth up", program.name()))?;
        }
        readings.push(reading);
    }
    if !options.follow {
        return Ok(ExitCode::SUCCESS);
    }
    loop {
        tokio::time::sleep(Duration::from_millis(250)).await;
        for reading in &mut readings {
            for line in reading.new_lines(&home.log(reading.program.name()))? {
                show(reading.program, &line, labelled, terminal)?;
            }
        }
    }
}

fn show(program: Program, line: &str, labelled: bool, terminal: Terminal) -> std::io::Result<()> {
    if !labelled {
        return terminal.line(line);
    }
    terminal.line(&format!("{} {line}", terminal.styled(Style::Dim, &format!("{:<8}", program.name()))))
}

/// How far one log was read.
struct Reading {
    program: Program,
    at: u64,
    unfinished: String,
}

impl Reading {
    fn last_lines(&mut self, path: &Path, count: usize) -> anyhow::Result<Option<Vec<String>>> {
        let length = match std::fs::metadata(path) {
            Ok(found) => found.len(),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error).with_context(|| path.display().to_string()),
        };
        self.at = length.saturating_sub(TAIL);
        let mut lines = self.new_lines(path)?;
        Ok(Some(lines.split_off(lines.len().saturating_sub(count))))
    }

    /// Whole lines written since the last look. A file that became shorter was begun anew.
    fn new_lines(&mut self, path: &Path) -> anyhow::Result<Vec<String>> {
        let Ok(mut file) = File::open(path) else { return Ok(Vec::new()) };
        if file.metadata()?.len() < self.at {
            self.at = 0;
            self.unfinished.clear();
        }
        file.seek(SeekFrom::Start(self.at))?;
        let mut bytes = Vec::new();
        self.at += file.read_to_end(&mut bytes)? as u64;
        self.unfinished.push_str(&String::from_utf8_lossy(&bytes));
        let whole = self.unfinished.rfind('\n').map_or(0, |end| end + 1);
        let rest = self.unfinished.split_off(whole);
        let lines = std::mem::replace(&mut self.unfinished, rest);
        Ok(lines.lines().map(str::to_owned).collect())
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    #[test]
    fn the_last_lines_are_shown_and_then_the_new_ones() {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        write!(file, "a\nb\nc\nhalf").unwrap();
        let mut reading = Reading { program: Program::Edge, at: 0, unfinished: String::new() };
        assert_eq!(reading.last_lines(file.path(), 2).unwrap().unwrap(), ["b", "c"]);
        writeln!(file, " a line").unwrap();
        assert_eq!(reading.new_lines(file.path()).unwrap(), ["half a line"]);
        file.as_file().set_len(0).unwrap();
        file.rewind().unwrap();
        writeln!(file, "anew").unwrap();
        assert_eq!(reading.new_lines(file.path()).unwrap(), ["anew"]);
    }
}
