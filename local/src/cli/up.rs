//! `up`: runs everything, and tells how that goes. Starting and serving are [`crate::up`]'s work.

mod log;
mod screen;

use std::process::ExitCode;
use std::sync::Arc;

use indicatif::{ProgressBar, ProgressStyle};
use tokio::sync::mpsc;

use self::screen::Screen;
use super::arguments::Up;
use super::models::store;
use super::running::Running;
use super::session::Session;
use super::terminal::Terminal;
use crate::home::Home;
use crate::models::Catalogue;
use crate::settings::Settings;
use crate::up::{ModelFile, Progress, Ready, Servers, UpOptions, asked_to_stop};

pub async fn run(home: &Home, options: Up, terminal: Terminal) -> anyhow::Result<ExitCode> {
    home.prepare()?;
    log::begin(home)?;
    let catalogue = Catalogue::built_in()?;
    let servers = Servers::from_lookup(|name| std::env::var(name).ok());
    let model = match servers.edge_url {
        // Another daemon answers, with the model of its own.
        Some(_) => None,
        None => Some(model(home, &catalogue, options.model)?),
    };
    let up =
        UpOptions { home: home.clone(), port: options.port, edge_port: options.edge_port, model, servers };

    let (sender, progress) = mpsc::unbounded_channel();
    // The listener lives as long as `up` runs; should it be gone, there is nobody to tell.
    let tell = Arc::new(move |event| drop(sender.send(event)));
    let screen = Screen { home, terminal, catalogue: &catalogue };
    let (ran, shown) =
        tokio::join!(crate::up::run(up, tell, asked_to_stop()), show(progress, &screen, options.json));
    ran?;
    shown?;
    if !options.json {
        terminal.note("Stopped. Everything is kept.")?;
    }
    Ok(ExitCode::SUCCESS)
}

/// The model that was asked for, or chosen before, or the default.
fn model(home: &Home, catalogue: &Catalogue, asked: Option<String>) -> anyhow::Result<ModelFile> {
    let name = match asked {
        Some(name) => Some(name),
        None => Settings::load(&home.settings_file())?.model,
    };
    let path = store(home).resolve(catalogue, name.as_deref())?;
    let known = path.file_name().and_then(|file| catalogue.find(file.to_str()?));
    Ok(ModelFile { alias: known.map(|model| model.name.clone()), path, context: None })
}

async fn show(
    mut progress: mpsc::UnboundedReceiver<Progress>,
    screen: &Screen<'_>,
    json: bool,
) -> anyhow::Result<()> {
    let spinner = ProgressBar::new_spinner();
    if let Ok(style) = ProgressStyle::with_template("{spinner} {msg} {elapsed:.dim}") {
        spinner.set_style(style);
    }
    spinner.enable_steady_tick(std::time::Duration::from_millis(120));
    let mut starting = Vec::new();
    while let Some(event) = progress.recv().await {
        match event {
            Progress::Starting(what) => starting.push(name(what)),
            Progress::Started(what) => starting.retain(|started| *started != name(what)),
            Progress::OrphansStopped(programs) => {
                let names: Vec<_> = programs.into_iter().map(name).collect();
                let text =
                    format!("The last run ended hard; what it left was stopped: {}.", names.join(", "));
                spinner.suspend(|| screen.terminal.note(&text))?;
            }
            Progress::Migrated(migrated) => {
                if !migrated.first && !migrated.applied.is_empty() {
                    let text = format!("Brought this home up to date: {}.", migrated.applied.join(", "));
                    spinner.suspend(|| screen.terminal.note(&text))?;
                }
            }
            Progress::Ready(ready) => {
                spinner.finish_and_clear();
                announce(&ready, screen, json).await?;
            }
            Progress::Stopping => {
                if !json {
                    screen.terminal.note("\nStopping")?;
                }
            }
        }
        if !spinner.is_finished() {
            spinner.set_message(format!("Starting {}", starting.join(", ")));
        }
    }
    spinner.finish_and_clear();
    Ok(())
}

async fn announce(ready: &Ready, screen: &Screen<'_>, json: bool) -> anyhow::Result<()> {
    if json {
        screen.terminal.line(&serde_json::to_string(ready)?)?;
    } else {
        screen.ready(ready)?;
    }
    let Some(login) = &ready.login else { return Ok(()) };
    // So that `./hearth chat` on this machine asks for nothing. Without it, it asks.
    let running = Running::of(ready)?;
    if let Err(error) = Session::sign_in(screen.home, &running, &login.email, &login.password).await {
        tracing::warn!(%error, "the first login could not be kept for ./hearth chat");
    }
    Ok(())
}

fn name(program: &'static str) -> &'static str {
    match program {
        "postgres" => "PostgreSQL",
        "redis" => "Redis",
        "edge" => "the model",
        other => other,
    }
}
