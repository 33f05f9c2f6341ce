//! The grammar of an answer that must be a call: the family's own form, with the tool's schema for its arguments. A model
//! that has never seen a tool follows it too.

use super::Tool;
use super::family::Family;
use super::form::{Form, call_rules, mark};
use crate::engine::grammar::GrammarError;

/// A grammar in llguidance's Lark in which the answer is one call of one of `tools`, or up to `most_calls` of them.
///
/// `control` tells a mark that is a token of its own, by its number; it is written otherwise than text.
pub fn grammar(
    family: Family,
    tools: &[&Tool],
    most_calls: usize,
    control: impl Fn(&str) -> Option<u32>,
) -> Result<String, GrammarError> {
    let mark = mark(&control);
    let form = Form::of(family, &mark);
    let rules = call_rules(family, tools, (&form.before, &form.after), &mark, Tool::schema)?;
    Ok(format!("start: {} {} {}\n{rules}", form.before_all, form.calls(most_calls), form.after_all))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tools::form;
    use serde_json::json;

    fn tools() -> Vec<Tool> {
        let tool = |name: &str, parameters| Tool {
            name: name.to_owned(),
            description: None,
            parameters,
            strict: false,
        };
        let weather = json!({
            "type": "object",
            "properties": {"city": {"$ref": "#/$defs/city"}},
            "required": ["city"],
            "additionalProperties": false,
            "$defs": {"city": {"enum": ["Paris", "Oslo"]}},
        });
        vec![tool("get_weather", Some(weather)), tool("now", None)]
    }

    fn takes(family: Family, most_calls: usize, text: &str) -> bool {
        let tools = tools();
        let lark =
            grammar(family, &tools.iter().collect::<Vec<_>>(), most_calls, |_| None).expect("a grammar");
        form::takes(&lark, text)
    }

    #[test]
    fn each_familys_form_is_followed_and_left_by_nothing() {
        for (family, several, text) in [
            (
                Family::Hermes,
                true,
                "<tool_call>\n{\"name\": \"get_weather\", \"arguments\": {\"city\":\"Oslo\"}}\n</tool_call>",
            ),
            (Family::Llama3, false, "{\"name\": \"get_weather\", \"parameters\": {\"city\":\"Oslo\"}}"),
            (
                Family::MistralList,
                true,
                "[TOOL_CALLS][{\"name\": \"get_weather\", \"arguments\": {\"city\":\"Oslo\"}}, {\"name\": \"now\", \"arguments\": {}}]",
            ),
            (
                Family::MistralNames,
                true,
                "[TOOL_CALLS]get_weather[ARGS]{\"city\":\"Oslo\"}[TOOL_CALLS]now[ARGS]{}",
            ),
            (
                Family::Phi,
                true,
                "<|tool_call|>[{\"name\": \"get_weather\", \"arguments\": {\"city\":\"Oslo\"}}]<|/tool_call|>",
            ),
        ] {
            assert!(takes(family, if several { 8 } else { 1 }, text), "{text}");
            assert!(!takes(family, 8, &text.replace("Oslo", "Rome")), "{text}");
            assert!(!takes(family, 8, &text.replace("get_weather", "get_time")), "{text}");
            assert!(!takes(family, 8, &format!("Well, {text}")), "{text}");
        }
        let twice = "[TOOL_CALLS]now[ARGS]{}[TOOL_CALLS]now[ARGS]{}";
        assert!(takes(Family::MistralNames, 2, twice) && !takes(Family::MistralNames, 1, twice));
    }
}
