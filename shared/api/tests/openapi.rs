//! The contract, as generated from the code: a change to it is a change to this snapshot.

#[test]
fn the_contract_is_as_it_was() {
    insta::assert_json_snapshot!("openapi", hearth_api::openapi());
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
