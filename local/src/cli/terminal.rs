//! The one place that writes to standard output and standard error, and that asks.
//!
//! Answers go to standard output, everything else to standard error, so that a pipe gets the answer alone.

use std::io::{self, BufRead, IsTerminal, Write};

/// What the two streams can show.
#[derive(Debug, Clone, Copy)]
pub struct Terminal {
    colour_out: bool,
    colour_err: bool,
}

/// How a piece of text is set off.
#[derive(Debug, Clone, Copy)]
pub enum Style {
    Bold,
    Dim,
    Good,
    Bad,
    Accent,
}

impl Style {
    fn code(self) -> &'static str {
        match self {
            Self::Bold => "1",
            Self::Dim => "2",
            Self::Good => "32",
            Self::Bad => "31",
            Self::Accent => "36",
        }
    }
}

impl Terminal {
    pub fn new() -> Self {
        // https://no-color.org: set and not empty, whatever the value.
        let plain = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty())
            || std::env::var_os("TERM").is_some_and(|value| value == "dumb");
        Self {
            colour_out: !plain && io::stdout().is_terminal(),
            colour_err: !plain && io::stderr().is_terminal(),
        }
    }

    pub fn reads_from_person(self) -> bool {
        io::stdin().is_terminal()
    }

    /// Columns of standard output, where it is a terminal.
    pub fn width(self) -> Option<usize> {
        let size = rustix::termios::tcgetwinsize(io::stdout()).ok()?;
        Some(usize::from(size.ws_col)).filter(|columns| *columns > 0)
    }

    pub fn shows_to_person(self) -> bool {
        io::stdout().is_terminal()
    }

    /// `text` as standard output shows it.
    pub fn styled(self, style: Style, text: &str) -> String {
        paint(self.colour_out, style, text)
    }

    /// A line on standard output.
    pub fn line(self, text: &str) -> io::Result<()> {
        let mut out = io::stdout().lock();
        writeln!(out, "{text}")
    }

    /// Text on standard output as it comes, shown at once.
    pub fn text(self, text: &str) -> io::Result<()> {
        let mut out = io::stdout().lock();
        out.write_all(text.as_bytes())?;
        out.flush()
    }

    /// A line on standard error: what happens meanwhile.
    pub fn note(self, text: &str) -> io::Result<()> {
        writeln!(io::stderr().lock(), "{text}")
    }

    /// A quiet line on standard error.
    pub fn aside(self, text: &str) -> io::Result<()> {
        self.note(&paint(self.colour_err, Style::Dim, text))
    }

    /// What went wrong, on standard error.
    pub fn fault(self, text: &str) -> io::Result<()> {
        self.note(&format!("{} {text}", paint(self.colour_err, Style::Bad, "hearth:")))
    }

    /// Asks for a line. `None` when there is nobody to ask.
    pub fn ask(self, question: &str) -> io::Result<Option<String>> {
        if !self.reads_from_person() {
            return Ok(None);
        }
        let mut err = io::stderr().lock();
        write!(err, "{question} ")?;
        err.flush()?;
        let mut answer = String::new();
        let length = io::stdin().lock().read_line(&mut answer)?;
        Ok((length > 0).then(|| answer.trim().to_owned()))
    }

    /// Asks for a password, which is not shown.
    pub fn ask_password(self, question: &str) -> io::Result<String> {
        rpassword::prompt_password(format!("{question} "))
    }
}

impl Default for Terminal {
    fn default() -> Self {
        Self::new()
    }
}

fn paint(colour: bool, style: Style, text: &str) -> String {
    if colour { format!("\x1b[{}m{text}\x1b[0m", style.code()) } else { text.to_owned() }
}

/// What a model or a file says, without the control characters that would drive the terminal.
pub fn harmless(text: &str) -> String {
    text.chars().filter(|c| !c.is_control() || matches!(c, '\n' | '\t')).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_model_cannot_drive_the_terminal() {
        assert_eq!(harmless("a\x1b[2Jb\u{9b}c\r\n\td\x07"), "a[2Jbc\n\td");
    }

    #[test]
    fn without_colour_text_stays_as_it_is() {
        assert_eq!(paint(false, Style::Bold, "x"), "x");
        assert_eq!(paint(true, Style::Bold, "x"), "\x1b[1mx\x1b[0m");
    }
}
