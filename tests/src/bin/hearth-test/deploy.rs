//! What the hosts' own tools make of the files that deploying needs: Vercel's builder of `vercel.json`, AWS's linter of the
//! SAM template. Both are fetched once, beside the other tools.

use std::path::{Path, PathBuf};
use std::{fs, io};

use anyhow::{Context as _, ensure};

use crate::counts::{self, Counts};
use crate::log::Log;
use crate::steps::Context;

const LINTER: &str = "cfn-lint==1.58.0";

pub fn run(context: &Context) -> anyhow::Result<Counts> {
    let folder = context.root().join("tests/deploy");
    let log = context.log("deploy")?;
    let tools = context.cache().join("tools");
    let packages = packages(context, &log, &folder, &tools.join("vercel"))?;
    let linter = linter(context, &log, &tools.join("cfn-lint"))?;
    let mut node = context.command("node", &["--test", "--test-concurrency=1", "--test-reporter=tap"]);
    node.current_dir(&folder).env("HEARTH_DEPLOY_PACKAGES", packages).env("HEARTH_CFN_LINT", linter);
    let ended = log.run(&mut node)?;
    Ok(Counts::of_run(counts::node(&ended.output), ended.well))
}

/// The packages of the lock file: 360 MB that a second clone finds again.
fn packages(context: &Context, log: &Log, folder: &Path, kept: &Path) -> anyhow::Result<PathBuf> {
    let wanted = fs::read(folder.join("package-lock.json"))?;
    let (found, mark) = (kept.join("node_modules"), kept.join("installed"));
    if fs::read(&mark).is_ok_and(|installed| installed == wanted) {
        return Ok(found);
    }
    clear(kept)?;
    for file in ["package.json", "package-lock.json", ".npmrc"] {
        fs::copy(folder.join(file), kept.join(file))?;
    }
    // Not `npm ci`: it wants every platform's programs in the lock file, and not every mirror has them all.
    let mut npm = context.command("npm", &["install", "--no-save", "--ignore-scripts"]);
    let installed = log.run(npm.current_dir(kept))?;
    ensure!(installed.well, "Vercel's tool could not be fetched; see {}", log.path().display());
    fs::write(mark, wanted)?;
    Ok(found)
}

/// The linter and all it needs, in a folder of its own: no interpreter's packages are touched.
fn linter(context: &Context, log: &Log, kept: &Path) -> anyhow::Result<PathBuf> {
    let mark = kept.join("version");
    if fs::read_to_string(&mark).is_ok_and(|version| version == LINTER) {
        return Ok(kept.to_owned());
    }
    clear(kept)?;
    let target = kept.to_str().context("the cache's path is no text")?;
    let arguments =
        ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--target", target, LINTER];
    let installed = log.run(&mut context.command("python3", &arguments))?;
    ensure!(installed.well, "cfn-lint could not be fetched; see {}", log.path().display());
    fs::write(mark, LINTER)?;
    Ok(kept.to_owned())
}

fn clear(folder: &Path) -> io::Result<()> {
    fs::remove_dir_all(folder).or_else(gone)?;
    fs::create_dir_all(folder)
}

/// What is not there need not be removed.
fn gone(error: io::Error) -> io::Result<()> {
    if error.kind() == io::ErrorKind::NotFound { Ok(()) } else { Err(error) }
}
