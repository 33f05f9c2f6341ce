//! `backup` and `restore`: one file with the database, the keys and the settings.
//!
//! The database is copied as of one moment, while people write to it. Not copied: models, which can be fetched again, and
//! Redis, which holds nothing but the streams of answers that are being written.

mod archive;
mod cluster;

use std::process::ExitCode;

use anyhow::{Context, bail};

use self::archive::{Archive, Manifest};
use self::cluster::Cluster;
use super::arguments::{Backup, Restore};
use super::database::{OpenDatabase, external_url, secrets_of};
use super::terminal::Terminal;
use crate::home::Home;
use crate::settings::Settings;
use crate::supervise::{HomeLock, find_postgres, stop_orphans};

pub async fn backup(home: &Home, options: Backup, terminal: Terminal) -> anyhow::Result<ExitCode> {
    refuse_external("back it up with pg_dump")?;
    let secrets = secrets_of(home)?;
    let file = match options.file {
        Some(file) => std::path::absolute(file)?,
        None => home.backups().join(format!("hearth-{}.tar", archive::timestamp())),
    };
    if file.exists() {
        bail!("{} exists already. Choose another name.", file.display());
    }
    let archive = Archive::new(home)?;
    let settings = Settings::load(&home.settings_file())?;
    let binaries = find_postgres(&settings, &home.postgres())?;

    terminal.note("Copying the database")?;
    let open = OpenDatabase::open(home, &secrets).await?;
    let dumped = async {
        // Before the copy: what people write meanwhile may be in it or not.
        let counts = cluster::count(&open.database).await?;
        cluster::dump(&binaries, &home.socket_folder("postgres"), &archive).await?;
        anyhow::Ok(counts)
    }
    .await;
    open.close().await;
    let counts = dumped?;

    terminal.note("Restoring the copy into a scratch cluster, to prove it")?;
    let scratch = Cluster::scratch(home, &settings)?;
    let restored = scratch.restore(&archive).await?;
    drop(scratch);
    if let Some((table, there, here)) = counts.lacking(&restored) {
        bail!(
            "the copy has {there} rows of {table}, the database {here}. Nothing was kept; see ./hearth logs postgres"
        );
    }
    archive.add_home(home)?;
    archive.write(&Manifest::new(restored), &file).await?;
    terminal.note(
        "Whoever has this file has every conversation and every key: keep it as you keep a password.",
    )?;
    terminal.line(&file.display().to_string())?;
    Ok(ExitCode::SUCCESS)
}

pub async fn restore(home: &Home, options: Restore, terminal: Terminal) -> anyhow::Result<ExitCode> {
    refuse_external("restore it with pg_restore")?;
    home.prepare()?;
    let _lock = HomeLock::take(home)?;
    stop_orphans(home).await;
    let archive = Archive::open(home, &options.file).await?;
    let manifest = archive.manifest()?;
    if home.postgres().exists() && !options.yes {
        terminal.note(&format!(
            "{} holds conversations. The backup of {} ({}) would take their place.",
            home.root().display(),
            manifest.made_at,
            manifest.rows
        ))?;
        match terminal.ask("Type restore to go on:")?.as_deref() {
            Some("restore") => {}
            Some(_) => bail!("nothing was changed"),
            None => bail!("nobody to ask. Nothing was changed; --yes goes on without asking."),
        }
    }
    terminal.note("Restoring the database")?;
    let settings = Settings::load(&archive.settings_file())?;
    let cluster = Cluster::scratch(home, &settings)?;
    let restored = cluster.restore(&archive).await?;
    if restored != manifest.rows {
        bail!("the backup says {}, and holds {restored}. Nothing was changed.", manifest.rows);
    }
    // What it replaces goes only when the new one is whole.
    cluster.take_the_place_of(&home.postgres()).context("putting the restored database in its place")?;
    archive.restore_home(home)?;
    terminal.note(&format!("Restored: {restored}. Start it: ./hearth up"))?;
    Ok(ExitCode::SUCCESS)
}

fn refuse_external(instead: &str) -> anyhow::Result<()> {
    if external_url().is_some() {
        bail!(
            "DATABASE_URL names a server of your own: {instead}, and keep the home's secrets folder with it."
        );
    }
    Ok(())
}
