//! What the command line comes to, and which mistakes it tells.

use super::*;
use crate::keys::store::{Grant, KeyFile};
use crate::pairing::store::PairingFile;

fn config(arguments: &[&str]) -> Result<Config, Vec<String>> {
    Options::try_parse_from(["hearth-edge"].iter().chain(arguments)).unwrap().check()
}

#[test]
fn the_model_alone_is_enough() {
    let config = config(&["--model", "m/SmolLM2-135M-Instruct.Q4_1.gguf"]).unwrap();
    let model = &config.models.catalogue.named[0];
    assert_eq!((model.id.as_str(), model.pinned), ("SmolLM2-135M-Instruct", true));
    assert_eq!(config.address.to_string(), "127.0.0.1:8788");
    assert!(model.settings.threads >= 1);
}

#[test]
fn only_this_machine_may_call_without_keys() {
    for host in ["0.0.0.0", "192.168.1.5", "::"] {
        let mistakes = config(&["--model", "m.gguf", "--host", host]).unwrap_err();
        assert!(mistakes[0].contains("no API keys"), "{mistakes:?}");
    }
    for host in ["localhost", "127.0.0.2", "::1", "[::1]"] {
        assert!(config(&["--model", "m.gguf", "--host", host]).is_ok(), "{host}");
    }
}

#[test]
fn keys_open_other_addresses_and_a_file_without_any_does_not() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("keys.json");
    let file = path.to_str().unwrap();
    let open = || config(&["--model", "m.gguf", "--host", "0.0.0.0", "--keys", file]);
    assert!(open().unwrap_err()[0].contains("keys add"));
    KeyFile::change(&path, |keys| keys.add("a", Grant::default())).unwrap();
    assert!(open().unwrap().keys.is_some());
    std::fs::write(&path, "nonsense").unwrap();
    assert!(open().unwrap_err()[0].contains("no file of keys"));
}

#[test]
fn a_pairing_opens_other_addresses_and_a_file_without_any_does_not() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("pairings.json");
    let open = || config(&["--model", "m.gguf", "--host", "0.0.0.0", "--pairings", path.to_str().unwrap()]);
    assert!(open().unwrap_err()[0].contains("hearth-edge pair --pairings"));
    PairingFile::change(&path, |file| file.add("a")).unwrap();
    let config = open().unwrap();
    assert!(config.pairings.is_some() && config.keys.is_none());
    std::fs::write(&path, "nonsense").unwrap();
    assert!(open().unwrap_err()[0].contains("no file of pairings"));
}

#[test]
fn only_an_origin_may_be_named_for_cors() {
    let named = |origin: &str| config(&["--model", "m.gguf", "--cors", origin]);
    assert_eq!(named("https://Chat.example.com:8443").unwrap().origins, ["https://chat.example.com:8443"]);
    for wrong in ["*", "example.com", "https://", "https://a/b", "ftp://a"] {
        assert!(named(wrong).is_err(), "{wrong}");
    }
}

#[test]
fn every_mistake_is_told_at_once() {
    let mistakes = config(&[
        "--model",
        "m.gguf",
        "--host",
        "nowhere",
        "--parallel",
        "300",
        "--context",
        "3",
        "--alias",
        " ",
    ])
    .unwrap_err();
    assert_eq!(mistakes.len(), 4, "{mistakes:?}");
}

#[test]
fn who_sets_nothing_gets_the_usual() {
    let settings = config(&["--model", "m.gguf"]).unwrap().models.catalogue.settings;
    let usual = Settings { gpu_layers: settings.gpu_layers, ..Settings::usual(settings.threads) };
    assert_eq!(settings, usual);
}

#[test]
fn the_cache_is_exact_unless_asked_otherwise() {
    let cache = |arguments: &[&str]| {
        let config = config(&[&["--model", "m.gguf"], arguments].concat()).unwrap();
        config.models.catalogue.settings.cache
    };
    assert_eq!(cache(&[]), CacheType::F16);
    assert_eq!(cache(&["--cache-type", "q8_0"]), CacheType::Q8_0);
    let other =
        Options::try_parse_from(["hearth-edge", "--model", "m.gguf", "--cache-type", "q3"]).unwrap_err();
    assert!(other.to_string().contains("f16, q8_0"), "{other}");
}

#[test]
fn beginnings_are_saved_only_where_a_folder_is_named() {
    let place = tempfile::tempdir().unwrap();
    let folder = place.path().join("beginnings");
    let save_to = |arguments: &[&str]| {
        config(&[&["--model", "m.gguf"], arguments].concat())
            .map(|config| config.models.catalogue.settings.save_to)
    };
    assert_eq!(save_to(&[]).unwrap(), None);
    let saved = save_to(&["--prefix-cache", folder.to_str().unwrap()]).unwrap().unwrap();
    assert_eq!((saved.folder.as_path(), saved.most_bytes), (folder.as_path(), 1_000_000_000));
    let file = place.path().join("file");
    std::fs::write(&file, "").unwrap();
    assert!(save_to(&["--prefix-cache", file.to_str().unwrap()]).unwrap_err()[0].contains("not a folder"));
    let alone = ["hearth-edge", "--model", "m.gguf", "--prefix-cache-size", "5GB"];
    assert!(Options::try_parse_from(alone).unwrap_err().to_string().contains("--prefix-cache <DIR>"));
}

#[test]
fn nothing_is_guessed_unless_asked_for() {
    let guessed = |arguments: &[&str]| {
        config(&[&["--model", "m.gguf"], arguments].concat()).unwrap().models.catalogue.settings.guessed
    };
    assert_eq!([guessed(&[]), guessed(&["--speculate", "8"])], [0, 8]);
    let many = ["hearth-edge", "--model", "m.gguf", "--speculate", "33"];
    assert!(Options::try_parse_from(many).is_err());
}

#[test]
fn logs_are_for_people_unless_asked_otherwise() {
    assert_eq!(config(&["--model", "m.gguf"]).unwrap().log, LogFormat::Text);
    assert_eq!(config(&["--model", "m.gguf", "--log-format", "json"]).unwrap().log, LogFormat::Json);
}
