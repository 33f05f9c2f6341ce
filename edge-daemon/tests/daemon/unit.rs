//! The systemd unit that is shipped, read by systemd's own tools where they are.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use crate::harness::command;
use crate::keys::keys;
use crate::tls::files::Files;

/// Where the unit says that the program is.
const INSTALLED: &str = "/usr/local/bin/hearth-edge";

/// What systemd may find to be open, in tenths: 100 is a service without any protection.
const MOST_EXPOSED: &str = "--threshold=15";

fn shipped(file: &str) -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("deploy").join(file)).unwrap()
}

/// The unit in a folder of its own, with the program at hand in place of the installed one.
fn unit(folder: &Path, text: &str, drop_in: Option<&str>) -> PathBuf {
    let path = folder.join("hearth-edge.service");
    let program = env!("CARGO_BIN_EXE_hearth-edge");
    fs::write(&path, text.replace(INSTALLED, program)).unwrap();
    if let Some(drop_in) = drop_in {
        let beside = folder.join("hearth-edge.service.d");
        fs::create_dir_all(&beside).unwrap();
        fs::write(beside.join("open.conf"), drop_in.replace(INSTALLED, program)).unwrap();
    }
    path
}

/// What systemd-analyze has to say, unless it is not there.
#[expect(clippy::print_stderr, reason = "a check that is left out must not look like one that was made")]
fn analyze(arguments: &[&str], unit: &Path) -> Option<Output> {
    match Command::new("systemd-analyze").args(arguments).arg(unit).output() {
        Ok(output) => Some(output),
        Err(error) => {
            eprintln!("SKIPPED: systemd-analyze cannot be run ({error}), so the unit is not checked");
            None
        }
    }
}

#[test]
fn systemd_reads_the_unit_without_a_complaint_and_finds_it_well_protected() {
    for drop_in in [None, Some(shipped("open.conf"))] {
        let folder = tempfile::tempdir().unwrap();
        let path = unit(folder.path(), &shipped("hearth-edge.service"), drop_in.as_deref());
        let Some(verified) = analyze(&["verify", "--man=no"], &path) else { return };
        let said = String::from_utf8_lossy(&verified.stderr).into_owned();
        assert!(verified.status.success() && said.is_empty(), "{said}");
        let Some(judged) = analyze(&["security", "--offline=yes", MOST_EXPOSED], &path) else { return };
        assert!(judged.status.success(), "{}", String::from_utf8_lossy(&judged.stdout));
    }
}

#[test]
fn a_unit_that_is_wrong_or_open_would_be_noticed() {
    let folder = tempfile::tempdir().unwrap();
    let misspelt = shipped("hearth-edge.service").replace("PrivateTmp=", "PrivateTemp=");
    let path = unit(folder.path(), &misspelt, None);
    let Some(verified) = analyze(&["verify", "--man=no"], &path) else { return };
    let said = String::from_utf8_lossy(&verified.stderr).into_owned();
    assert!(said.contains("PrivateTemp"), "{said}");
    let open: String = shipped("hearth-edge.service")
        .lines()
        .filter(|line| !line.starts_with("CapabilityBoundingSet"))
        .fold(String::new(), |unit, line| unit + line + "\n");
    let path = unit(folder.path(), &open, None);
    let Some(judged) = analyze(&["security", "--offline=yes", MOST_EXPOSED], &path) else { return };
    assert!(!judged.status.success(), "{}", String::from_utf8_lossy(&judged.stdout));
}

#[test]
fn the_daemon_takes_the_options_that_the_units_give_it() {
    let files = Files::new();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("keys.json");
    keys(&path, &["add", "a"]);
    for file in ["hearth-edge.service", "open.conf"] {
        let text = shipped(file);
        let start = text.lines().rev().find_map(|line| line.strip_prefix("ExecStart=")).unwrap();
        let options = start.strip_prefix(INSTALLED).unwrap().split_whitespace();
        // A model that is nowhere: what is wrong with the options would be said first.
        let options =
            options.map(|option| if option.contains("/model.gguf") { "/nowhere/model.gguf" } else { option });
        let output = command()
            .args(options)
            .env("HEARTH_EDGE_KEYS", &path)
            .env("HEARTH_EDGE_TLS_CERT", files.cert())
            .env("HEARTH_EDGE_TLS_KEY", files.key())
            .output()
            .unwrap();
        let log = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(3), "{file}: {log}");
        assert!(log.contains("/nowhere/model.gguf cannot be read"), "{log}");
    }
}
