use super::*;
use crate::tools::ToolChoice;

fn read_with(fields: Value) -> Result<(Turn, Streaming), Value> {
    let mut body = json!({"messages": [{"role": "user", "content": "x"}]});
    body.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
    let read = Fields::of_body(body).and_then(read);
    read.map_err(|error| serde_json::to_value(error.into_envelope().error).unwrap())
}

fn tool(name: &str) -> Value {
    json!({"type": "function", "function": {"name": name, "parameters": {"type": "object"}}})
}

#[test]
fn what_is_not_done_here_is_refused_by_name_and_its_absence_is_not() {
    for (param, asked, harmless) in [
        ("store", json!(true), json!(false)),
        ("service_tier", json!("priority"), json!("auto")),
        ("modalities", json!(["audio"]), json!(["text"])),
        ("audio", json!({"voice": "x"}), json!(null)),
        ("prediction", json!({}), json!(null)),
        ("web_search_options", json!({}), json!(null)),
        ("functions", json!([]), json!(null)),
        ("dry_multiplier", json!(0.8), json!(null)),
        ("nonsense", json!(1), json!(null)),
    ] {
        let error = read_with(json!({param: asked})).unwrap_err();
        assert_eq!(
            (&error["code"], &error["param"]),
            (&json!("unsupported_parameter"), &json!(param)),
            "{error}"
        );
        assert!(read_with(json!({param: harmless})).is_ok(), "{param}");
        assert!(read_with(json!({param: null})).is_ok(), "{param}");
    }
}

#[test]
fn a_wrong_value_is_refused_by_its_name() {
    for (fields, param) in [
        (json!({"messages": []}), "messages"),
        (json!({"messages": "x"}), "messages"),
        (json!({"messages": [7]}), "messages[0]"),
        (json!({"messages": [{"role": "wizard", "content": "x"}]}), "messages[0].role"),
        (json!({"messages": [{"role": "user", "content": 7}]}), "messages[0].content"),
        (json!({"messages": [{"role": "user", "content": null}]}), "messages[0].content"),
        (json!({"messages": [{"role": "user", "content": "a\u{0}b"}]}), "messages[0].content"),
        (
            json!({"messages": [{"role": "user", "content": [{"type": "text"}]}]}),
            "messages[0].content[0].text",
        ),
        (json!({"messages": [{"role": "tool", "content": "x"}]}), "messages"),
        (
            json!({"messages": [{"role": "assistant", "tool_calls": [{"function": {"name": "f", "arguments": "{"}}]}]}),
            "messages[0].tool_calls[0].function.arguments",
        ),
        (json!({"top_logprobs": 5}), "top_logprobs"),
        (json!({"logprobs": true, "top_logprobs": 21}), "top_logprobs"),
        (json!({"stream": "yes"}), "stream"),
        (json!({"tools": [{"type": "function", "function": {"name": "a b"}}]}), "tools[0].function.name"),
        (
            json!({"tools": [{"type": "function", "function": {"name": "a", "parameters": 1}}]}),
            "tools[0].function.parameters",
        ),
        (json!({"tools": [tool("a"), tool("a")]}), "tools"),
        (json!({"tool_choice": "required"}), "tool_choice"),
        (
            json!({"tools": [tool("a")], "tool_choice": {"type": "function", "function": {"name": "b"}}}),
            "tool_choice",
        ),
        (json!({"tool_choice": "sometimes"}), "tool_choice"),
        (json!({"response_format": {"type": "xml"}}), "response_format.type"),
        (
            json!({"response_format": {"type": "json_schema", "json_schema": {"name": "x"}}}),
            "response_format.json_schema.schema",
        ),
    ] {
        let error = read_with(fields.clone()).unwrap_err();
        assert_eq!(
            (&error["code"], &error["param"]),
            (&json!("invalid_value"), &json!(param)),
            "{fields}: {error}"
        );
    }
}

#[test]
fn a_part_that_is_no_text_is_refused_by_its_kind() {
    let messages = json!([{"role": "user", "content": [{"type": "image_url", "image_url": {"url": "u"}}]}]);
    let error = read_with(json!({"messages": messages})).unwrap_err();
    assert_eq!(
        (&error["code"], &error["param"]),
        (&json!("unsupported_parameter"), &json!("messages[0].content"))
    );
    assert!(error["message"].as_str().unwrap().contains("image_url"), "{error}");
}

#[test]
fn tools_and_their_choice_are_read() {
    let read = |choice: Value| {
        read_with(json!({"tools": [tool("a"), tool("b")], "tool_choice": choice})).unwrap().0.toolbox
    };
    assert_eq!(read(json!(null)).choice, ToolChoice::Auto);
    assert_eq!(read(json!("none")).offered(), []);
    assert_eq!(read(json!("required")).forced().unwrap().len(), 2);
    let named = read(json!({"type": "function", "function": {"name": "b"}}));
    assert_eq!(named.forced().unwrap()[0].name, "b");
    assert_eq!((named.most_calls(), read(json!("required")).most_calls()), (1, 8));
}

#[test]
fn an_answer_that_is_sent_back_as_it_came_is_read() {
    let messages = json!([
        {"role": "user", "content": "x"},
        {"role": "assistant", "content": null, "refusal": null, "annotations": [], "audio": null, "function_call": null,
         "tool_calls": [{"id": "call_1", "type": "function", "function": {"name": "f", "arguments": "{\"a\":1}"}}]},
        {"role": "tool", "tool_call_id": "call_1", "content": [{"type": "text", "text": "4"}, {"type": "text", "text": "2"}]},
    ]);
    let turn = read_with(json!({"messages": messages})).unwrap().0;
    let [_, call, result] = &turn.conversation.messages[..] else { panic!("three messages") };
    assert_eq!((call.tool_calls[0].name.as_str(), &call.tool_calls[0].arguments), ("f", &json!({"a": 1})));
    assert_eq!((result.content.as_str(), result.tool_call_id.as_deref()), ("42", Some("call_1")));
}
