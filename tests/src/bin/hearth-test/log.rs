//! Running a program with its output in a log: the last line shows while it runs, all of it when it fails.

use std::fs::File;
use std::io::{self, IsTerminal, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::Context as _;

use crate::say;

/// How often a run that nobody watches says that it is alive.
const SIGN_OF_LIFE: Duration = Duration::from_secs(60);

/// A program's end.
pub struct Ended {
    pub well: bool,
    pub output: String,
}

/// Where a step's output goes; one file a step, from all its programs.
pub struct Log {
    path: PathBuf,
}

impl Log {
    pub fn new(folder: &Path, step: &str) -> anyhow::Result<Self> {
        std::fs::create_dir_all(folder)?;
        let path = folder.join(format!("{step}.log"));
        File::create(&path).with_context(|| path.display().to_string())?;
        Ok(Self { path })
    }

    pub fn path(&self) -> &Path {
        &self.path
    }

    pub fn appender(&self) -> io::Result<File> {
        File::options().append(true).open(&self.path)
    }

    /// Runs `command` to its end. What it wrote is shown when it fails.
    pub fn run(&self, command: &mut Command) -> anyhow::Result<Ended> {
        let name = command.get_program().to_string_lossy().into_owned();
        let start = std::fs::metadata(&self.path)?.len();
        command.stdin(Stdio::null()).stdout(self.appender()?).stderr(self.appender()?);
        let mut child = command.spawn().with_context(|| format!("{name} can't be started"))?;
        let began = Instant::now();
        let mut last_sign = began;
        let status = loop {
            if let Some(status) = child.try_wait()? {
                break status;
            }
            std::thread::sleep(Duration::from_millis(100));
            if io::stdout().is_terminal() {
                self.show_last_line(began)?;
            } else if last_sign.elapsed() >= SIGN_OF_LIFE {
                last_sign = Instant::now();
                say(&format!("  … {} s: {}", began.elapsed().as_secs(), self.last_line()?))?;
            }
        };
        if io::stdout().is_terminal() {
            write!(io::stdout().lock(), "\r\x1b[K")?;
        }
        let ended = Ended { well: status.success(), output: self.since(start)? };
        if !ended.well {
            say(ended.output.trim_end())?;
            say(&format!("{name} ended with {status}; its output is in {}", self.path.display()))?;
        }
        Ok(ended)
    }

    fn since(&self, start: u64) -> anyhow::Result<String> {
        let mut file = File::open(&self.path)?;
        file.seek(SeekFrom::Start(start))?;
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes)?;
        Ok(String::from_utf8_lossy(&bytes).into_owned())
    }

    fn last_line(&self) -> anyhow::Result<String> {
        let length = std::fs::metadata(&self.path)?.len();
        let end = self.since(length.saturating_sub(400))?;
        let line = end.lines().rev().find(|line| !line.trim().is_empty()).unwrap_or_default();
        Ok(line.chars().filter(|c| !c.is_control()).take(90).collect())
    }

    fn show_last_line(&self, began: Instant) -> anyhow::Result<()> {
        let mut out = io::stdout().lock();
        write!(out, "\r\x1b[K\x1b[2m{:>4} s  {}\x1b[0m", began.elapsed().as_secs(), self.last_line()?)?;
        out.flush()?;
        Ok(())
    }
}
