//! The grammar of an answer that must be a call: the family's own form, with the tool's schema for its arguments. A model
//! that has never seen a tool follows it too.

use std::fmt::Write as _;

use serde_json::json;

use super::Tool;
use super::family::Family;
use crate::engine::grammar::{GrammarError, strict};

/// A grammar in llguidance's Lark in which the answer is one call of one of `tools`, or up to `most_calls` of them.
///
/// `control` tells a mark that is a token of its own, by its number; it is written otherwise than text.
pub fn grammar(
    family: Family,
    tools: &[&Tool],
    most_calls: usize,
    control: impl Fn(&str) -> Option<u32>,
) -> Result<String, GrammarError> {
    let mark = |text: &str| control(text).map_or_else(|| literal(text), |token| format!("<[{token}]>"));
    let form = Form::of(family, &mark);
    let mut lark = String::new();
    let repeated = if most_calls > 1 && form.several {
        format!("call ({} call){{0,{}}}", form.between, most_calls - 1)
    } else {
        "call".to_owned()
    };
    let names: Vec<String> = (0..tools.len()).map(|n| format!("call_{n}")).collect();
    // Writing to a string cannot fail.
    let _ = writeln!(lark, "start: {} {repeated} {}", form.before_all, form.after_all);
    let _ = writeln!(lark, "call: {}", names.join(" | "));
    for (n, tool) in tools.iter().enumerate() {
        let head = if family == Family::MistralNames {
            format!("{} {} {}", mark("[TOOL_CALLS]"), literal(&tool.name), mark("[ARGS]"))
        } else {
            let head = format!("{{\"name\": {}, \"{}\": ", json!(tool.name), family.arguments_field());
            format!("{} {}", form.before, literal(&head))
        };
        let _ = writeln!(lark, "call_{n}: {head} arguments_{n} {}", form.after);
        let _ = writeln!(lark, "arguments_{n}: %json {}", strict(tool.schema())?);
    }
    Ok(lark)
}

/// What stands around calls, as parts of a rule.
struct Form {
    before_all: String,
    before: String,
    after: String,
    between: String,
    after_all: String,
    several: bool,
}

impl Form {
    fn of(family: Family, mark: &impl Fn(&str) -> String) -> Self {
        let mut form = Self {
            before_all: String::new(),
            before: String::new(),
            after: literal("}"),
            between: literal(", "),
            after_all: String::new(),
            several: true,
        };
        match family {
            Family::Hermes => {
                form.before = format!("{} {}", mark("<tool_call>"), literal("\n"));
                form.after = format!("{} {}", literal("}\n"), mark("</tool_call>"));
                form.between = literal("\n");
            }
            // Its templates take a single call.
            Family::Llama3 => form.several = false,
            Family::MistralList => {
                form.before_all = format!("{} {}", mark("[TOOL_CALLS]"), literal("["));
                form.after_all = literal("]");
            }
            Family::MistralNames => {
                form.after = String::new();
                form.between = String::new();
            }
            Family::Phi => {
                form.before_all = format!("{} {}", mark("<|tool_call|>"), literal("["));
                form.after_all = format!("{} {}", literal("]"), mark("<|/tool_call|>"));
            }
        }
        form
    }
}

/// A text as Lark writes it, which is JSON's way.
fn literal(text: &str) -> String {
    json!(text).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::grammar::{GrammarSource, Grammars};
    use llama_cpp_2::token::LlamaToken;
    use llguidance::toktrie::ApproximateTokEnv;

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

    /// Does the grammar take this whole text?
    fn takes(family: Family, most_calls: usize, text: &str) -> bool {
        let tools = tools();
        let lark =
            grammar(family, &tools.iter().collect::<Vec<_>>(), most_calls, |_| None).expect("a grammar");
        let grammars = Grammars::new(&ApproximateTokEnv::single_byte_env()).expect("grammars");
        let mut grammar = grammars.compile(&GrammarSource::Lark(lark)).expect("a grammar");
        for byte in text.bytes() {
            if !grammar.allowed().expect("a mask").is_allowed(byte.into()) {
                return false;
            }
            grammar.accept(LlamaToken(byte.into())).expect("an allowed token");
        }
        // Either nothing can follow, or the end token may, which is the last of this vocabulary.
        grammar.is_over() || grammar.allowed().expect("a mask").is_allowed(261)
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
