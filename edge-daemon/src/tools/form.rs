//! How a family's calls look, as rules of a grammar: the marks around a call, and the schema that its arguments keep.

use std::fmt::Write as _;

use serde_json::{Value, json};

use super::Tool;
use super::family::Family;
use crate::engine::grammar::{GrammarError, strict};

/// What stands around calls, as parts of a rule in llguidance's Lark.
pub struct Form {
    pub before_all: String,
    pub before: String,
    pub after: String,
    pub between: String,
    pub after_all: String,
    /// May several calls follow each other?
    pub several: bool,
}

impl Form {
    pub fn of(family: Family, mark: &impl Fn(&str) -> String) -> Self {
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
                form.before = mark("[TOOL_CALLS]");
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

    /// One call, or up to `most` of them.
    pub fn calls(&self, most: usize) -> String {
        if most > 1 && self.several {
            format!("call ({} call){{0,{}}}", self.between, most - 1)
        } else {
            "call".to_owned()
        }
    }
}

/// The rule `call`: one of these tools, between `before` and `after`, with arguments that keep what `schema` says of it.
pub fn call_rules(
    family: Family,
    tools: &[&Tool],
    (before, after): (&str, &str),
    mark: &impl Fn(&str) -> String,
    schema: impl Fn(&Tool) -> Value,
) -> Result<String, GrammarError> {
    let mut lark = String::new();
    let names: Vec<String> = (0..tools.len()).map(|n| format!("call_{n}")).collect();
    // Writing to a string cannot fail.
    let _ = writeln!(lark, "call: {}", names.join(" | "));
    for (n, tool) in tools.iter().enumerate() {
        let head = if family == Family::MistralNames {
            format!("{} {}", literal(&tool.name), mark("[ARGS]"))
        } else {
            literal(&format!("{{\"name\": {}, \"{}\": ", json!(tool.name), family.arguments_field()))
        };
        let _ = writeln!(lark, "call_{n}: {before} {head} arguments_{n} {after}");
        let _ = writeln!(lark, "arguments_{n}: %json {}", strict(schema(tool))?);
    }
    Ok(lark)
}

/// A text as Lark writes it, which is JSON's way.
pub fn literal(text: &str) -> String {
    json!(text).to_string()
}

/// A mark in a rule: a control token by its number where the model has one, else its text.
pub fn mark(control: &impl Fn(&str) -> Option<u32>) -> impl Fn(&str) -> String {
    move |text| control(text).map_or_else(|| literal(text), |token| format!("<[{token}]>"))
}

/// Does a grammar take this whole text, byte by byte?
#[cfg(test)]
pub fn takes(lark: &str, text: &str) -> bool {
    takes_tokens(lark, &text.bytes().map(u32::from).collect::<Vec<_>>())
}

/// Does it take these tokens? Above the bytes' numbers are control tokens; the last, 261, ends an answer.
#[cfg(test)]
pub fn takes_tokens(lark: &str, tokens: &[u32]) -> bool {
    use crate::engine::grammar::{GrammarSource, Grammars};
    use llama_cpp_2::token::LlamaToken;

    let vocabulary = llguidance::toktrie::ApproximateTokEnv::single_byte_env();
    let grammars = Grammars::new(&vocabulary).expect("grammars");
    let mut grammar = grammars.compile(&GrammarSource::Lark(lark.to_owned())).expect("a grammar");
    for token in tokens {
        if !grammar.allowed().expect("a mask").is_allowed(*token) {
            return false;
        }
        grammar.accept(LlamaToken(token.cast_signed())).expect("an allowed token");
    }
    // Either nothing can follow, or the end token may.
    grammar.is_over() || grammar.allowed().expect("a mask").is_allowed(261)
}
