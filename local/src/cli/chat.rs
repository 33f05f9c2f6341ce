//! `chat`: an interactive chat, or one question and its answer.

mod api;
mod interactive;
mod stream;
mod wrap;

use std::io::Read;
use std::process::ExitCode;

use anyhow::{Context, bail};
use indicatif::{ProgressBar, ProgressStyle};

use self::api::{Api, NewTurn};
use self::stream::Heard;
use self::wrap::Wrap;
use super::arguments::Chat;
use super::running::Running;
use super::session::Session;
use super::terminal::{Terminal, harmless};
use crate::home::Home;

pub async fn run(home: &Home, options: Chat, terminal: Terminal) -> anyhow::Result<ExitCode> {
    // Read before signing in: a mistake in the pipe costs nothing then.
    let piped = if terminal.reads_from_person() { None } else { Some(read_pipe()?) };
    let question = question(options.question.as_deref(), piped.as_deref());
    let running = Running::expect(home).await?;
    let session = Session::open(home, &running, options.email.as_deref(), terminal).await?;
    let mut api = Api::new(&running, session)?;
    let style = NewTurn { model: options.model, private: options.private };
    match question {
        Some(question) => once(&mut api, &question, &style, terminal).await,
        None if piped.is_some() => bail!("no question: the pipe was empty. Try: ./hearth chat \"Hello\""),
        None => interactive::run(home, &mut api, &style, terminal).await,
    }
}

/// The question and what was piped in, as one text.
fn question(given: Option<&str>, piped: Option<&str>) -> Option<String> {
    let parts: Vec<_> =
        [given, piped].into_iter().flatten().map(str::trim).filter(|t| !t.is_empty()).collect();
    (!parts.is_empty()).then(|| parts.join("\n\n"))
}

fn read_pipe() -> anyhow::Result<String> {
    let mut bytes = Vec::new();
    std::io::stdin().lock().read_to_end(&mut bytes).context("reading standard input")?;
    String::from_utf8(bytes).context("standard input is not text in UTF-8")
}

async fn once(
    api: &mut Api,
    question: &str,
    style: &NewTurn,
    terminal: Terminal,
) -> anyhow::Result<ExitCode> {
    let conversation = api.new_conversation(question, style).await?;
    match answer(api, &conversation, question, style, "", terminal).await? {
        Outcome::Whole => Ok(ExitCode::SUCCESS),
        // As a shell reports a program that SIGINT ended.
        Outcome::Stopped => Ok(ExitCode::from(130)),
    }
}

/// How an answer ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Outcome {
    Whole,
    Stopped,
}

/// Asks, and shows the answer as it comes, after `marker`. Ctrl-C stops the answer, not the program; a second one does
/// not wait for the answer to end.
async fn answer(
    api: &mut Api,
    conversation: &str,
    question: &str,
    style: &NewTurn,
    marker: &str,
    terminal: Terminal,
) -> anyhow::Result<Outcome> {
    let waiting = spinner();
    let mut turn =
        api.ask(conversation, question, style).await.inspect_err(|_| waiting.finish_and_clear())?;
    let mut outcome = Outcome::Whole;
    let mut ends_line = true;
    let mut marker = Some(marker).filter(|_| terminal.shows_to_person());
    // Colour has no width: a marker is two columns wide, or there is none.
    let mut wrap =
        Wrap::new(terminal.width(), if marker.is_some_and(|marker| !marker.is_empty()) { 2 } else { 0 });
    loop {
        let heard = tokio::select! {
            heard = turn.next(api) => heard,
            _ = tokio::signal::ctrl_c() => {
                waiting.finish_and_clear();
                if outcome == Outcome::Stopped {
                    bail!("left while the answer was still being stopped");
                }
                outcome = Outcome::Stopped;
                api.cancel(turn.id()).await?;
                continue;
            }
        };
        let heard = heard.inspect_err(|_| waiting.finish_and_clear())?;
        if !matches!(heard, Heard::Started) {
            waiting.finish_and_clear();
        }
        match heard {
            Heard::Started => {}
            Heard::Text(text) => {
                if let Some(marker) = marker.take() {
                    terminal.text(marker)?;
                }
                ends_line = text.ends_with('\n');
                // To a file go the model's own bytes; a terminal gets no control characters.
                terminal.text(&if terminal.shows_to_person() {
                    wrap.push(&harmless(&text))
                } else {
                    text
                })?;
            }
            Heard::Rerouted { from, to } => {
                terminal.aside(&format!("({from} did not answer; {to} goes on)"))?;
            }
            Heard::Completed { status } => {
                terminal.text(&wrap.finish())?;
                if !ends_line {
                    terminal.line("")?;
                }
                return match status.as_str() {
                    "completed" => Ok(Outcome::Whole),
                    "cancelled" => {
                        terminal.aside("(stopped)")?;
                        Ok(Outcome::Stopped)
                    }
                    other => bail!("the answer was {other}. What is above is kept; ask again for the rest."),
                };
            }
        }
    }
}

fn spinner() -> ProgressBar {
    let spinner = ProgressBar::new_spinner();
    if let Ok(style) = ProgressStyle::with_template("{spinner} {elapsed}") {
        spinner.set_style(style);
    }
    spinner.enable_steady_tick(std::time::Duration::from_millis(120));
    spinner
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_question_and_a_pipe_are_one_text() {
        assert_eq!(question(Some("Summarise"), Some("a diff\n")).unwrap(), "Summarise\n\na diff");
        assert_eq!(question(None, Some("Hello\n")).unwrap(), "Hello");
        assert_eq!(question(Some("Hello"), Some("")).unwrap(), "Hello");
        assert_eq!(question(None, Some("\n")), None);
        assert_eq!(question(None, None), None);
    }
}
