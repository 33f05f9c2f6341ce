//! The screen that `up` ends with.

use std::io;

use super::super::terminal::{Style, Terminal};
use crate::home::Home;
use crate::models::Catalogue;
use crate::models::room::{bytes, larger_that_fit, memory_for_models};
use crate::up::Ready;

/// How many larger models are named; `models list` has all of them.
const NAMED: usize = 3;

pub struct Screen<'a> {
    pub home: &'a Home,
    pub terminal: Terminal,
    pub catalogue: &'a Catalogue,
}

impl Screen<'_> {
    pub fn ready(&self, ready: &Ready) -> io::Result<()> {
        let bold = |text: &str| self.terminal.styled(Style::Bold, text);
        self.terminal.line(&format!("\n  {}\n", bold("Hearth is running.")))?;
        self.row("Open", &self.terminal.styled(Style::Accent, &ready.url))?;
        self.row("Or type", &format!("{}   in another terminal", self.command("chat")))?;
        if let Some(login) = &ready.login {
            self.row("First login", &format!("{}   password {}", login.email, bold(&login.password)))?;
            self.row("", "Shown this once. Change it: ./hearth user reset-password")?;
        }
        self.model(ready)?;
        self.row("Stop", "Ctrl-C")?;
        self.terminal.line("")
    }

    fn model(&self, ready: &Ready) -> io::Result<()> {
        let Some(name) = &ready.model else {
            return self.row("Model", &format!("none answers yet at {}", ready.edge_url));
        };
        self.row("Model", &format!("{name}   for any OpenAI client: {}/v1", ready.edge_url))?;
        if self.catalogue.find(name).is_none_or(|model| !model.default) {
            return Ok(());
        }
        let fitting = larger_that_fit(self.catalogue.models(), memory_for_models());
        if fitting.is_empty() {
            return self
                .row("", "A small one, to try things with; this machine's memory holds no larger one.");
        }
        self.row("", "A small one, to try things with. This machine's memory also holds:")?;
        for model in fitting.into_iter().take(NAMED) {
            let command = self.command(&format!("models pull {}", model.name));
            self.row("", &format!("  {command}   {}", bytes(model.size)))?;
        }
        Ok(())
    }

    fn row(&self, label: &str, text: &str) -> io::Result<()> {
        self.terminal.line(&format!("  {} {text}", self.terminal.styled(Style::Dim, &format!("{label:<12}"))))
    }

    /// The command as it has to be typed for this very home.
    fn command(&self, what: &str) -> String {
        let usual = Home::locate(None).is_ok_and(|usual| &usual == self.home);
        if usual {
            format!("./hearth {what}")
        } else {
            format!("./hearth {what} --home {}", self.home.root().display())
        }
    }
}
