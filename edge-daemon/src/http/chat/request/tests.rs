use super::*;
use axum::response::IntoResponse;
use serde_json::json;

fn read(fields: Value) -> Result<Wishes, Value> {
    let mut body = json!({"messages": [{"role": "user", "content": "x"}]});
    body.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
    Wishes::read(serde_json::from_value(body).unwrap())
        .map_err(|error| serde_json::to_value(error.into_envelope().error).unwrap())
}

#[test]
fn what_is_left_out_has_llama_servers_defaults() {
    let wishes = read(json!({})).unwrap();
    assert_eq!(Sampling { seed: 0, ..wishes.sampling }, Sampling::default());
    assert_eq!((wishes.max_tokens, wishes.streaming, wishes.stops.len()), (None, false, 0));
}

#[test]
fn a_value_out_of_range_is_refused_by_name() {
    for (param, value) in [
        ("temperature", json!(-0.1)),
        ("temperature", json!(2.1)),
        ("top_p", json!(1.01)),
        ("top_k", json!(-2)),
        ("top_k", json!(3_000_000_000i64)),
        ("min_p", json!(2)),
        ("repeat_penalty", json!(0)),
        ("frequency_penalty", json!(-2.5)),
        ("presence_penalty", json!(1e300)),
        ("max_tokens", json!(0)),
        ("stop", json!("")),
        ("stop", json!(["a", ""])),
        ("stop", json!("x".repeat(257))),
        ("stop", json!(vec!["x"; 10_000])),
        ("messages", json!([])),
    ] {
        let error = read(json!({param: value})).unwrap_err();
        assert_eq!((&error["code"], &error["param"]), (&json!("invalid_value"), &json!(param)), "{error}");
    }
}

#[test]
fn what_is_not_done_here_is_refused_by_name_and_its_absence_is_not() {
    for (param, asked, harmless) in [
        ("n", json!(2), json!(1)),
        ("logprobs", json!(true), json!(false)),
        ("top_logprobs", json!(5), json!(0)),
        ("logit_bias", json!({"1": 5}), json!({})),
        ("response_format", json!({"type": "json_object"}), json!({"type": "text"})),
        ("tools", json!([{"type": "function"}]), json!([])),
        ("tool_choice", json!("required"), json!("auto")),
    ] {
        let error = read(json!({param: asked})).unwrap_err();
        assert_eq!(
            (&error["code"], &error["param"]),
            (&json!("unsupported_parameter"), &json!(param)),
            "{error}"
        );
        assert!(read(json!({param: harmless})).is_ok(), "{param}");
        assert!(read(json!({param: null})).is_ok(), "{param}");
    }
}

#[test]
fn a_message_must_have_text_and_nothing_else() {
    for (message, code, param) in [
        (json!({"role": "user", "content": "a\u{0}b"}), "invalid_value", "messages[0].content"),
        (
            json!({"role": "user", "content": [{"type": "text", "text": "\u{0}"}]}),
            "invalid_value",
            "messages[0].content",
        ),
        (json!({"role": "user", "content": null}), "invalid_value", "messages[0].content"),
        (
            json!({"role": "user", "content": [{"type": "image_url"}]}),
            "unsupported_parameter",
            "messages[0].content",
        ),
        (
            json!({"role": "assistant", "content": null, "tool_calls": [{}]}),
            "unsupported_parameter",
            "messages[0].tool_calls",
        ),
    ] {
        let error = read(json!({"messages": [message]})).unwrap_err();
        assert_eq!((&error["code"], &error["param"]), (&json!(code), &json!(param)), "{error}");
    }
}

#[test]
fn seeds_are_kept_and_minus_one_means_any() {
    let seed = |value: Value| read(json!({"seed": value})).unwrap().sampling.seed;
    assert_eq!(seed(json!(7)), 7);
    assert_eq!(seed(json!(i64::MIN)), seed(json!(i64::MIN)));
    assert_ne!(seed(json!(-1)), seed(json!(-1)));
    assert_ne!(seed(json!(null)), seed(json!(null)));
}

#[test]
fn an_error_answers_with_its_status() {
    assert_eq!(ApiError::queue_full().into_response().headers()["retry-after"], "5");
}
