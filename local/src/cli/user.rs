//! `user add|reset-password`.

use std::io::BufRead;
use std::process::ExitCode;

use anyhow::bail;

use super::arguments::{Person, User, UserCommand};
use super::database::{OpenDatabase, secrets_of};
use super::terminal::{Style, Terminal};
use crate::auth::Auth;
use crate::home::Home;

pub async fn run(home: &Home, options: User, terminal: Terminal) -> anyhow::Result<ExitCode> {
    let secrets = secrets_of(home)?;
    let (UserCommand::Add(person) | UserCommand::ResetPassword(person)) = &options.command;
    let (password, made_up) = password(person)?;
    let open = OpenDatabase::open(home, &secrets).await?;
    // The address only matters to tokens, and none is made here.
    let auth = Auth::new(&open.database, &secrets, "http://127.0.0.1")?;
    let done = match &options.command {
        UserCommand::Add(person) => auth.create_account(&person.email, &password).await.map(Some),
        UserCommand::ResetPassword(person) => auth.reset_password(&person.email, &password).await,
    };
    auth.close().await;
    open.close().await;
    if done?.is_none() {
        bail!("nobody here signs in as {}. ./hearth user add {0} adds them.", person.email);
    }
    terminal.note(match &options.command {
        UserCommand::Add(_) => "Added. They sign in with:",
        UserCommand::ResetPassword(_) => {
            "The password is changed, and every session has ended. They sign in with:"
        }
    })?;
    terminal.line(&format!("  e-mail    {}", person.email))?;
    if made_up {
        terminal.line(&format!("  password  {}", terminal.styled(Style::Bold, &password)))?;
        terminal.note("The password is not shown again.")?;
    }
    Ok(ExitCode::SUCCESS)
}

/// The password, and whether it was made up here.
fn password(person: &Person) -> anyhow::Result<(String, bool)> {
    if !person.password_stdin {
        return Ok((crate::up::password()?, true));
    }
    let mut line = String::new();
    std::io::stdin().lock().read_line(&mut line)?;
    let password = line.trim_end_matches(['\r', '\n']);
    if password.is_empty() {
        bail!("standard input holds no password");
    }
    Ok((password.to_owned(), false))
}
