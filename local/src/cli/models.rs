//! `models list|pull|use`.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context;
use indicatif::{ProgressBar, ProgressStyle};

use super::arguments::{Models, ModelsCommand};
use super::terminal::{Style, Terminal};
use crate::home::Home;
use crate::models::hub::Hub;
use crate::models::pull::{Progress, Wanted, pull};
use crate::models::room::{bytes, memory_for_models};
use crate::models::{Catalogue, Model, Store};
use crate::settings::Settings;

const HUB: &str = "https://huggingface.co";

pub async fn run(home: &Home, options: Models, terminal: Terminal) -> anyhow::Result<ExitCode> {
    let catalogue = Catalogue::built_in()?;
    match options.command {
        ModelsCommand::List => list(home, &catalogue, terminal)?,
        ModelsCommand::Pull { name } => fetch(home, &catalogue, &name, terminal).await?,
        ModelsCommand::Use { name } => choose(home, &catalogue, &name, terminal)?,
    }
    Ok(ExitCode::SUCCESS)
}

/// The models of this home and of the cache that the set-up script fills.
pub fn store(home: &Home) -> Store {
    let set = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    let cache = set("XDG_CACHE_HOME").or_else(|| Some(set("HOME")?.join(".cache")));
    Store::new(home.models(), cache.map(|cache| cache.join("hearth/models")))
}

fn list(home: &Home, catalogue: &Catalogue, terminal: Terminal) -> anyhow::Result<()> {
    let store = store(home);
    let memory = memory_for_models();
    let settings = Settings::load(&home.settings_file())?;
    let chosen = settings.model.as_deref();
    let serves = |model: &Model| match chosen {
        Some(name) => catalogue.find(name).is_some_and(|found| found.name == model.name),
        None => model.default,
    };
    terminal.line(&terminal.styled(
        Style::Bold,
        &format!("{:2}{:<24}{:>8}{:>9}  {:<14}{}", "", "NAME", "SIZE", "MEMORY", "", "GOOD FOR"),
    ))?;
    for model in catalogue.models() {
        let mark = if serves(model) { "* " } else { "  " };
        let size = format!("{}{}", if model.approximate { "~" } else { "" }, bytes(model.size));
        let (style, state) = match (store.has(model), model.memory() <= memory) {
            (true, _) => (Style::Good, "here"),
            (false, true) => (Style::Accent, "fits"),
            (false, false) => (Style::Dim, "too large"),
        };
        terminal.line(&format!(
            "{mark}{:<24}{size:>8}{:>9}  {}{} ({})",
            model.name,
            bytes(model.memory()),
            terminal.styled(style, &format!("{state:<14}")),
            model.good_for,
            model.licence,
        ))?;
    }
    for name in store.others(catalogue) {
        let mark = if chosen == Some(name.as_str()) { "* " } else { "  " };
        terminal.line(&format!("{mark}{name:<41}  {}", terminal.styled(Style::Good, "here")))?;
    }
    let other = chosen.filter(|name| catalogue.find(name).is_none());
    if let Some(name) = other {
        terminal.line(&format!("* {name}"))?;
    }
    terminal.line("")?;
    terminal.line(&format!(
        "* answers at the next ./hearth up. Memory for models here: {} (three quarters of what there is). ~ is about.",
        bytes(memory)
    ))?;
    terminal.line("Fetch one: ./hearth models pull NAME    Choose it: ./hearth models use NAME")?;
    Ok(())
}

async fn fetch(home: &Home, catalogue: &Catalogue, name: &str, terminal: Terminal) -> anyhow::Result<()> {
    home.prepare()?;
    let wanted = match Wanted::named(name, catalogue) {
        Ok(wanted) => wanted,
        // The set-up script fetches this one: where it is here already, there is nothing to say against it.
        Err(_)
            if catalogue
                .find(name)
                .is_some_and(|model| model.package.is_some() && store(home).has(model)) =>
        {
            terminal.note(&format!("{name} is here already. Choose it: ./hearth models use {name}"))?;
            return Ok(());
        }
        Err(error) => return Err(error.into()),
    };
    let target = home.models().join(wanted.file_name());
    if target.is_file() {
        terminal.note(&format!("{name} is here already. Choose it: ./hearth models use {name}"))?;
        return Ok(());
    }
    if let Some(model) = catalogue.find(name) {
        terminal.note(&format!("{} from {} ({})", model.name, model.repository, model.licence))?;
        if model.memory() > memory_for_models() {
            terminal.note(&format!(
                "It needs {} of memory, more than this machine has for it.",
                bytes(model.memory())
            ))?;
        }
    }
    let endpoint = set("HF_ENDPOINT").unwrap_or_else(|| HUB.to_owned());
    let hub = Hub::new(&endpoint, set("HF_TOKEN").as_deref())?;
    let (bar, folder) = (Bar::new(terminal), home.models());
    let fetched = tokio::select! {
        fetched = pull(&hub, &wanted, &folder, &bar) => fetched.map_err(anyhow::Error::from),
        _ = tokio::signal::ctrl_c() => Err(anyhow::anyhow!(
            "stopped. What was fetched is kept; run the same command again to go on."
        )),
    };
    bar.drawn.finish_and_clear();
    fetched?;
    let file = wanted.file_name();
    let name = catalogue.find(name).map_or(file, |model| model.name.as_str());
    terminal.note(&format!("Fetched and verified. Choose it: ./hearth models use {name}"))?;
    Ok(())
}

fn choose(home: &Home, catalogue: &Catalogue, name: &str, terminal: Terminal) -> anyhow::Result<()> {
    home.prepare()?;
    let path = store(home).resolve(catalogue, Some(name))?;
    let chosen = match catalogue.find(name) {
        Some(model) => model.name.clone(),
        None if path.parent() == Some(&home.models()) => name.to_owned(),
        // Hearth may be started from another folder next time.
        None => path.to_str().context("a model's path has to be valid UTF-8")?.to_owned(),
    };
    let file = home.settings_file();
    let mut settings = Settings::load(&file)?;
    settings.model = Some(chosen.clone());
    settings.save(&file)?;
    terminal.note(&format!("{chosen} answers from the next ./hearth up on."))?;
    Ok(())
}

fn set(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.trim().is_empty())
}

/// The download as a bar with a rate and the time left, or, where nobody watches, a line for every tenth.
struct Bar {
    drawn: ProgressBar,
    terminal: Terminal,
    tenth: std::sync::atomic::AtomicU64,
}

impl Bar {
    fn new(terminal: Terminal) -> Self {
        let bar = ProgressBar::new(0);
        let template = "{bar:32} {percent}%  {bytes} of {total_bytes}  {bytes_per_sec}  {eta} left";
        if let Ok(style) = ProgressStyle::with_template(template) {
            bar.set_style(style.progress_chars("━━─"));
        }
        Self { drawn: bar, terminal, tenth: 0.into() }
    }
}

impl Progress for Bar {
    fn begin(&self, here: u64, size: u64) {
        self.drawn.set_length(size);
        // The rate counts this run alone.
        self.drawn.set_position(here);
        self.drawn.reset_eta();
        if here > 0 {
            self.note(&format!("going on from {}", bytes(here)));
        }
    }

    fn reached(&self, here: u64) {
        self.drawn.set_position(here);
        let tenth = here * 10 / self.drawn.length().unwrap_or(0).max(1);
        if self.drawn.is_hidden() && self.tenth.swap(tenth, std::sync::atomic::Ordering::Relaxed) < tenth {
            // A log that can't be written must not end a download.
            let _ = self.terminal.note(&format!("{}0% ({})", tenth, bytes(here)));
        }
    }

    fn note(&self, text: &str) {
        self.drawn.suspend(|| {
            let _ = self.terminal.aside(&format!("({text})"));
        });
    }
}
