//! The contract, as generated from the code: a change to it is a change to `openapi.json`.

const DOCUMENT: &str = include_str!("../openapi.json");

/// With `HEARTH_WRITE_OPENAPI=1` the file is written anew, to be looked through and committed.
#[test]
fn the_served_document_is_the_code_s() {
    let made = serde_json::to_value(hearth_api::openapi()).unwrap();
    let text = serde_json::to_string_pretty(&made).unwrap() + "\n";
    if std::env::var_os("HEARTH_WRITE_OPENAPI").is_some() {
        std::fs::write(concat!(env!("CARGO_MANIFEST_DIR"), "/openapi.json"), text).unwrap();
        return;
    }
    // Compared as values: the order of keys hangs on which features serde_json was built with.
    let served: serde_json::Value = serde_json::from_str(DOCUMENT).unwrap();
    assert_eq!(
        served, made,
        "run the tests once with HEARTH_WRITE_OPENAPI=1, and commit shared/api/openapi.json"
    );
}

#[test]
fn every_operation_has_a_summary_a_tag_and_an_answer() {
    let document = serde_json::to_value(hearth_api::openapi()).unwrap();
    let mut operations = 0;
    for (path, verbs) in document["paths"].as_object().unwrap() {
        for (verb, operation) in verbs.as_object().unwrap() {
            operations += 1;
            assert!(operation["summary"].as_str().is_some_and(|text| !text.is_empty()), "{verb} {path}");
            assert_eq!(operation["tags"].as_array().map(Vec::len), Some(1), "{verb} {path}");
            assert!(
                operation["responses"].as_object().is_some_and(|answers| !answers.is_empty()),
                "{verb} {path}"
            );
        }
    }
    assert!(operations >= 25, "{operations}");
}
