//! `hearth-edge doctor`: each finding, by a machine or files that have it.

mod machine;

use std::fs::{self, File, Permissions};
use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::Stdio;

use serde_json::Value;

use crate::harness::{Daemon, command, model};
use crate::keys::keys;
use crate::tls::files::Files;
use machine::Machine;

/// What the doctor says, as JSON, and its exit status.
fn doctor(arguments: &[&str]) -> (Option<i32>, Value) {
    let output =
        command().args(["doctor", "--json"]).args(arguments).stdout(Stdio::piped()).output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let said = serde_json::from_str(&text).unwrap_or_else(|error| panic!("{error}: {text}"));
    (output.status.code(), said)
}

/// Asserts that `check` has this level and words, and that the exit status fits.
fn finds(arguments: &[&str], check: &str, level: &str, words: &str) {
    let (code, said) = doctor(arguments);
    let findings = said["findings"].as_array().unwrap();
    let found = findings
        .iter()
        .find(|finding| finding["check"] == check && finding["found"].as_str().unwrap().contains(words));
    let Some(found) = found else { panic!("no {check} with `{words}`: {said:#}") };
    assert_eq!(found["level"], level, "{found}");
    assert_eq!(found["next"].is_string(), level != "ok", "what is to be done next? {found}");
    let failed = findings.iter().any(|finding| finding["level"] == "fail");
    assert_eq!((code, &said["ok"]), (Some(i32::from(failed)), &Value::Bool(!failed)), "{said:#}");
    assert!(level != "fail" || failed, "{said:#}");
}

#[test]
fn a_sound_machine_and_model_have_nothing_against_them() {
    let output = command()
        .args(["doctor", "--port", "0", "--rootfs"])
        .arg(Machine::new().root())
        .arg("--model")
        .arg(model())
        .stdout(Stdio::piped())
        .output()
        .unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success(), "{text}");
    for line in
        ["ok    cpu ", "ok    model ", "ok    memory ", "ok    swap ", "ok    port ", "ok    address "]
    {
        assert!(text.contains(line), "no `{line}`: {text}");
    }
}

#[test]
fn a_cpu_that_lacks_what_the_build_uses_is_found() {
    let machine = Machine::new();
    machine.write("proc/cpuinfo", "processor\t: 0\nflags\t\t: fpu sse2\nFeatures\t: fp\n");
    let root = machine.root();
    if cfg!(feature = "dynamic-backends") {
        finds(&["--port", "0", "--rootfs", root], "cpu", "ok", "chosen when the daemon starts");
    } else {
        finds(&["--port", "0", "--rootfs", root], "cpu", "fail", "SIGILL");
    }
    machine.write("proc/cpuinfo", "processor : 0\n");
    finds(&["--port", "0", "--rootfs", root], "cpu", "warn", "does not say");
}

#[test]
fn threads_that_would_stand_in_one_anothers_way_are_found() {
    finds(&["--port", "0", "--threads", "4096"], "threads", "warn", "more than there are cores");
    finds(&["--port", "0"], "threads", "ok", "compute");
}

#[test]
fn memory_that_is_short_is_found() {
    let machine = Machine::new();
    let (root, model) = (machine.root(), model());
    let asked = ["--port", "0", "--rootfs", root, "--model", model.to_str().unwrap()];
    finds(&asked, "memory", "ok", "the model takes");
    machine.memory(8_000_000, 50_000, 0, 0);
    finds(&asked, "memory", "warn", "the model takes");
    machine.memory(60_000, 50_000, 0, 0);
    finds(&asked, "memory", "fail", "the model takes");
    machine.memory(8_000_000, 4_000_000, 1_000_000, 400_000);
    finds(&asked, "swap", "warn", "are in use");
}

#[test]
fn a_limit_below_the_model_is_found_wherever_it_is_set() {
    let model = model();
    for (groups, file) in [
        ("0::/system.slice/edge.service\n", "sys/fs/cgroup/system.slice/edge.service/memory.max"),
        ("0::/system.slice/edge.service\n", "sys/fs/cgroup/system.slice/memory.max"),
        ("0::/user.slice\n", "sys/fs/cgroup/system.slice/hearth-edge.service/memory.max"),
        ("4:memory:/a/b\n0::/\n", "sys/fs/cgroup/memory/a/memory.limit_in_bytes"),
    ] {
        let machine = Machine::new();
        machine.write("proc/self/cgroup", groups);
        let asked = ["--port", "0", "--rootfs", machine.root(), "--model", model.to_str().unwrap()];
        machine.write(file, "50000000\n");
        finds(&asked, "memory limit", "fail", file);
        machine.write(file, "2000000000\n");
        finds(&asked, "memory limit", "ok", file);
        machine.write(file, "max\n");
        let (_, said) = doctor(&asked);
        assert!(!said.to_string().contains("memory limit"), "{said}");
    }
}

#[test]
fn a_model_that_is_none_is_found() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("m.gguf");
    let asked = ["--port", "0", "--model", path.to_str().unwrap()];
    finds(&asked, "model", "fail", "cannot be read");
    fs::write(&path, "<!doctype html>").unwrap();
    finds(&asked, "model", "fail", "is not a GGUF model");
    fs::copy(model(), &path).unwrap();
    finds(&asked, "model", "ok", "is whole");
    let whole = fs::metadata(&path).unwrap().len();
    File::options().write(true).open(&path).unwrap().set_len(whole / 2).unwrap();
    finds(&asked, "model", "fail", "is cut short");
}

#[tokio::test]
async fn a_running_daemon_is_told_from_another_server() {
    let daemon = Daemon::with(&["--context", "256"]).await;
    let port = daemon.base.rsplit(':').next().unwrap().to_owned();
    finds(&["--port", &port], "port", "ok", "is well");

    let files = Files::new();
    let daemon =
        Daemon::with(&["--context", "256", "--tls-cert", files.cert(), "--tls-key", files.key()]).await;
    let port = daemon.base.rsplit(':').next().unwrap().to_owned();
    finds(&["--port", &port], "port", "warn", "speaks TLS");
    finds(&["--port", &port, "--tls-cert", files.cert(), "--tls-key", files.key()], "port", "ok", "is well");
    let other = Files::new();
    finds(
        &["--port", &port, "--tls-cert", other.cert(), "--tls-key", other.key()],
        "port",
        "warn",
        "speaks TLS",
    );

    let other = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = other.local_addr().unwrap().port().to_string();
    std::thread::spawn(move || {
        for connection in other.incoming() {
            let mut connection = connection.unwrap();
            let _ = connection.read(&mut [0; 512]);
            let _ = connection.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}");
        }
    });
    finds(&["--port", &port], "port", "fail", "another server");

    // One that says nothing is not waited for.
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = silent.local_addr().unwrap().port().to_string();
    finds(&["--port", &port], "port", "fail", "another server");
}

#[test]
fn an_address_that_is_open_or_foreign_is_found() {
    finds(&["--port", "0", "--host", "0.0.0.0"], "address", "fail", "nothing keeps strangers out");
    finds(&["--port", "0", "--host", "0.0.0.0", "--keys", "k.json"], "address", "warn", "plain HTTP");
    finds(&["--port", "0", "--host", "nowhere"], "address", "fail", "nowhere");
    // TEST-NET-1 of RFC 5737 is nobody's.
    finds(&["--port", "0", "--host", "192.0.2.1", "--keys", "k.json"], "port", "fail", "192.0.2.1");
}

#[test]
fn keys_that_are_missing_or_open_to_others_are_found() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("keys.json");
    let asked = ["--port", "0", "--keys", path.to_str().unwrap()];
    finds(&asked, "keys", "fail", "cannot be read");
    fs::write(&path, "{\"keys\": []}").unwrap();
    finds(&asked, "keys", "fail", "holds none");
    fs::write(&path, "nonsense").unwrap();
    finds(&asked, "keys", "fail", "is no file of keys");
    fs::remove_file(&path).unwrap();
    keys(&path, &["add", "a"]);
    finds(&asked, "keys", "ok", "1 in");
    allow(&path, 0o644);
    finds(&asked, "keys", "warn", "by others (mode 644)");
}

#[test]
fn a_certificate_that_ends_or_does_not_fit_is_found() {
    let files = Files::new();
    let asked = ["--port", "0", "--tls-cert", files.cert(), "--tls-key", files.key()];
    allow(Path::new(files.key()), 0o600);
    finds(&asked, "tls", "ok", "more days");
    finds(&asked, "tls key", "ok", "is kept");
    allow(Path::new(files.key()), 0o644);
    finds(&asked, "tls key", "warn", "everybody");
    let other = Files::new();
    finds(
        &["--port", "0", "--tls-cert", files.cert(), "--tls-key", other.key()],
        "tls",
        "fail",
        "is not the key",
    );
    for (from, until, level, words) in [
        (-30, 3, "warn", "ends in"),
        (-30, -2, "fail", "ended 2 days ago"),
        (5, 90, "fail", "begins to count"),
    ] {
        let files = Files::counting(from, until);
        finds(&["--port", "0", "--tls-cert", files.cert(), "--tls-key", files.key()], "tls", level, words);
    }
}

fn allow(path: &Path, mode: u32) {
    fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
}
