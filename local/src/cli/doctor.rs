//! `doctor`: looks at everything that Hearth needs, and says how to mend what it finds.

use std::path::Path;
use std::process::ExitCode;

use super::database::external_url;
use super::models::store;
use super::running::Running;
use super::terminal::{Style, Terminal};
use crate::home::Home;
use crate::models::Catalogue;
use crate::models::room::{bytes, free_disk, memory_for_models};
use crate::secrets::Secrets;
use crate::settings::{DEFAULT_EDGE_PORT, DEFAULT_PORT, Settings};
use crate::supervise::{find_edge, find_postgres, find_redis, running};

/// Less than this on the home's disk is a warning.
const LITTLE_DISK: u64 = 2_000_000_000;

enum Finding {
    Good(String),
    /// What is wrong, and what mends it.
    Bad(String),
}

type Check = (&'static str, Finding);

/// 0 when everything is well, 1 when something has to be mended.
pub async fn run(home: &Home, terminal: Terminal) -> anyhow::Result<ExitCode> {
    let mut checks = vec![folder(home), keys(home)];
    let settings = match Settings::load(&home.settings_file()) {
        Ok(settings) => settings,
        Err(error) => {
            checks.push(("settings", Finding::Bad(format!("{error}. Mend that line, or remove the file."))));
            Settings::default()
        }
    };
    checks.push(postgres(home, &settings));
    checks.push(redis(&settings));
    checks.push(("model runner", found(find_edge(), |path| path.display().to_string())));
    checks.push(model(home, &settings));
    checks.push(disk(home));
    checks.extend(network(home, &settings).await?);

    let mut well = true;
    for (name, finding) in checks {
        let (mark, text) = match finding {
            Finding::Good(text) => (terminal.styled(Style::Good, "ok  "), text),
            Finding::Bad(text) => {
                well = false;
                (terminal.styled(Style::Bad, "mend"), text)
            }
        };
        terminal.line(&format!("{mark}  {name:<13} {text}"))?;
    }
    if well {
        terminal.line("\nNothing to mend.")?;
    }
    Ok(if well { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// A program that was found, or where it comes from.
fn found<T, E: std::fmt::Display>(looked: Result<T, E>, describe: impl FnOnce(&T) -> String) -> Finding {
    match looked {
        Ok(found) => Finding::Good(describe(&found)),
        Err(error) => Finding::Bad(error.to_string()),
    }
}

fn folder(home: &Home) -> Check {
    let root = home.root();
    let finding = if root.is_dir() {
        Finding::Good(root.display().to_string())
    } else {
        Finding::Bad(format!("{} is not there yet: ./hearth up makes it", root.display()))
    };
    ("home", finding)
}

fn keys(home: &Home) -> Check {
    use std::os::unix::fs::MetadataExt;
    let path = home.keys_file();
    let finding = match (Secrets::load(&path), std::fs::metadata(&path)) {
        (Err(error), _) => Finding::Bad(error.to_string()),
        (Ok(None), _) => Finding::Bad("none yet: ./hearth up makes them".into()),
        (Ok(Some(_)), Ok(file)) if file.mode() & 0o077 != 0 => {
            Finding::Bad(format!("others can read them. Run: chmod 600 {}", path.display()))
        }
        (Ok(Some(_)), _) => Finding::Good("read by their owner only".into()),
    };
    ("keys", finding)
}

fn postgres(home: &Home, settings: &Settings) -> Check {
    if external_url().is_some() {
        return ("PostgreSQL", Finding::Good("the one that DATABASE_URL names".into()));
    }
    let finding = found(find_postgres(settings, &home.postgres()), |binaries| {
        format!("{} {}", binaries.major().unwrap_or_default(), binaries.program("postgres").display())
    });
    ("PostgreSQL", finding)
}

fn redis(settings: &Settings) -> Check {
    if std::env::var_os("REDIS_URL").is_some_and(|url| !url.is_empty()) {
        return ("Redis", Finding::Good("the one that REDIS_URL names".into()));
    }
    ("Redis", found(find_redis(settings), |path| path.display().to_string()))
}

fn model(home: &Home, settings: &Settings) -> Check {
    let looked = Catalogue::built_in().map_err(|error| error.to_string()).and_then(|catalogue| {
        let path =
            store(home).locate(&catalogue, settings.model.as_deref()).map_err(|error| error.to_string())?;
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let needed =
            settings.model.as_deref().and_then(|name| catalogue.find(name)).map(crate::models::Model::memory);
        match needed.filter(|needed| *needed > memory_for_models()) {
            Some(needed) => Err(format!(
                "{name} needs {} of memory, and there are {}. Choose a smaller one: ./hearth models list",
                bytes(needed),
                bytes(memory_for_models())
            )),
            None => Ok(name),
        }
    });
    ("model", found(looked, String::clone))
}

fn disk(home: &Home) -> Check {
    let place = home.root().ancestors().find(|folder| folder.is_dir()).unwrap_or(Path::new("/"));
    let finding = match free_disk(place) {
        Some(free) if free < LITTLE_DISK => Finding::Bad(format!(
            "{} free. Make room, or move the home: ./hearth up --home FOLDER",
            bytes(free)
        )),
        Some(free) => Finding::Good(format!("{} free", bytes(free))),
        None => Finding::Good("the system does not say how much is free".into()),
    };
    ("disk", finding)
}

/// What runs answers; where nothing runs, the ports are free.
async fn network(home: &Home, settings: &Settings) -> anyhow::Result<Vec<Check>> {
    if running(home).is_some() {
        let finding = match Running::find(home).await? {
            Some(running) => Finding::Good(format!("running at {}", running.url)),
            None => {
                Finding::Bad("it has started, and does not answer yet. If that lasts: ./hearth logs".into())
            }
        };
        return Ok(vec![("Hearth", finding)]);
    }
    let ports = [
        ("port", settings.port.unwrap_or(DEFAULT_PORT), "--port"),
        ("model's port", settings.edge_port.unwrap_or(DEFAULT_EDGE_PORT), "--edge-port"),
    ];
    Ok(ports
        .into_iter()
        .map(|(name, port, flag)| match std::net::TcpListener::bind(("127.0.0.1", port)) {
            Ok(_) => (name, Finding::Good(format!("{port} is free"))),
            Err(_) => (
                name,
                Finding::Bad(format!("{port} is taken by another program. Choose one: ./hearth up {flag} N")),
            ),
        })
        .collect())
}
