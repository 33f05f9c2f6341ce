//! Starts that cannot succeed: each ends with a status and a sentence.

use std::fs::{self, File};
use std::io::Write;
use std::os::unix::fs::FileExt;
use std::path::Path;

use crate::harness::{Daemon, model, run};

fn run_model(path: &Path) -> (Option<i32>, String) {
    run(&["--port", "0", "--model", path.to_str().unwrap()])
}

#[test]
fn a_model_cut_short_says_how_short() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("cut.gguf");
    fs::copy(model(), &path).unwrap();
    let whole = fs::metadata(&path).unwrap().len();
    for length in [whole - 1, whole / 2, 1000, 3] {
        File::options().write(true).open(&path).unwrap().set_len(length).unwrap();
        let (code, log) = run_model(&path);
        assert_eq!(code, Some(3), "{log}");
        let expected = if length > 3 { "is cut short" } else { "is not a GGUF model" };
        assert!(log.contains(expected) && log.contains("cut.gguf"), "{log}");
        assert!(!log.contains("panicked"), "{log}");
    }
}

#[test]
fn what_is_no_model_ends_with_a_sentence() {
    let folder = tempfile::tempdir().unwrap();
    let page = folder.path().join("page.gguf");
    fs::write(&page, "<!doctype html>").unwrap();
    for (path, sentence) in [
        (folder.path().join("missing.gguf"), "cannot be read"),
        (folder.path().to_owned(), "is a folder"),
        (page, "is not a GGUF model"),
    ] {
        let (code, log) = run_model(&path);
        assert_eq!(code, Some(3), "{log}");
        assert!(log.contains(sentence), "{log}");
    }
}

#[test]
fn a_damaged_header_ends_with_a_sentence() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("damaged.gguf");
    let whole = fs::read(model()).unwrap();
    // The number of tensors, the number of pairs, the first key's length, its first letters, and the length of its value.
    for (at, bytes) in [(8, [0xff; 8]), (16, [0xff; 8]), (24, [0xff; 8]), (32, [0x77; 8]), (56, [0xff; 8])] {
        File::create(&path).unwrap().write_all(&whole).unwrap();
        File::options().write(true).open(&path).unwrap().write_all_at(&bytes, at).unwrap();
        let (code, log) = run_model(&path);
        assert_eq!(code, Some(3), "at {at}: {log}");
        assert!(log.contains("damaged.gguf"), "at {at}: {log}");
    }
}

#[test]
fn a_mistake_in_the_options_is_explained() {
    let path = model();
    let path = path.to_str().unwrap();
    for (arguments, sentence) in [
        (&[][..], "--model"),
        (&["--model", path, "--host", "0.0.0.0"], "no API keys"),
        (&["--model", path, "--parallel", "0"], "--parallel"),
        (&["--model", path, "--context", "5"], "--context"),
        (&["--model", path, "--nonsense"], "--nonsense"),
    ] {
        let (code, log) = run(arguments);
        assert_eq!(code, Some(2), "{log}");
        assert!(log.contains(sentence), "{log}");
    }
}

#[tokio::test]
async fn a_port_that_is_taken_is_named() {
    let daemon = Daemon::start().await;
    let port = daemon.base.rsplit(':').next().unwrap();
    let (code, log) = run(&["--model", model().to_str().unwrap(), "--port", port]);
    assert_eq!(code, Some(1), "{log}");
    assert!(log.contains(port) && log.contains("--port chooses another"), "{log}");
}
