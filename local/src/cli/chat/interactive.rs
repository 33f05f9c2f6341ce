//! The chat that goes on until `/quit`.

use std::process::ExitCode;

use rustyline::config::Configurer;
use rustyline::error::ReadlineError;
use rustyline::history::FileHistory;
use rustyline::{Config, Editor};

use super::super::terminal::{Style, Terminal};
use super::answer;
use super::api::{Api, NewTurn};
use crate::home::Home;

const HELP: &str = "\
/new     begin a new conversation
/help    this
/quit    leave (Ctrl-D does too)
Ctrl-C   stop the answer; the arrow keys bring back what you wrote";

pub async fn run(
    home: &Home,
    api: &mut Api,
    style: &NewTurn,
    terminal: Terminal,
) -> anyhow::Result<ExitCode> {
    let history = home.root().join("chat-history");
    let mut editor = editor()?;
    // Missing on the first run; a history that can't be read is no reason not to chat.
    let _ = editor.load_history(&history);
    terminal.aside("Ask away. /help lists what else you can type, /quit leaves.")?;
    let mut conversation = None;
    loop {
        let line = match tokio::task::block_in_place(|| editor.readline("› ")) {
            Ok(line) => line.trim().to_owned(),
            Err(ReadlineError::Interrupted) => {
                terminal.aside("(/quit leaves)")?;
                continue;
            }
            Err(ReadlineError::Eof) => break,
            Err(error) => return Err(error.into()),
        };
        if line.is_empty() {
            continue;
        }
        let _ = editor.add_history_entry(&line);
        match line.as_str() {
            "/quit" | "/exit" => break,
            "/help" => terminal.line(HELP)?,
            "/new" => {
                conversation = None;
                terminal.aside("(a new conversation)")?;
            }
            command if command.starts_with('/') && !command.contains(' ') => {
                terminal.aside(&format!("({command} is not known; /help lists what is)"))?;
            }
            question => {
                if let Err(error) = say(api, &mut conversation, question, style, terminal).await {
                    terminal.fault(&format!("{error:#}"))?;
                }
                terminal.line("")?;
            }
        }
    }
    let _ = editor.save_history(&history);
    Ok(ExitCode::SUCCESS)
}

/// One exchange. The conversation is made with the first question, so that one that was only opened leaves no trace.
async fn say(
    api: &mut Api,
    conversation: &mut Option<String>,
    question: &str,
    style: &NewTurn,
    terminal: Terminal,
) -> anyhow::Result<()> {
    let id = match conversation {
        Some(id) => id.clone(),
        None => conversation.insert(api.new_conversation(question, style).await?).clone(),
    };
    answer(api, &id, question, style, &terminal.styled(Style::Accent, "● "), terminal).await.map(drop)
}

fn editor() -> anyhow::Result<Editor<(), FileHistory>> {
    let mut editor = Editor::with_config(Config::builder().max_history_size(1000)?.build())?;
    editor.set_auto_add_history(false);
    editor.set_history_ignore_space(true);
    Ok(editor)
}
