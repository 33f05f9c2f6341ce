//! The grammar of an answer that may call tools of which some are strict: it says what it likes until it opens a call, and
//! then keeps to the schema.
//!
//! Built as llguidance's own structural tags are: text up to a mark is a lazy lexeme, or ends at a control token.

use std::fmt::Write as _;

use serde_json::json;

use super::Tool;
use super::family::Family;
use super::form::{Form, call_rules, literal, mark};
use super::parser::AnswerParser;
use crate::engine::grammar::GrammarError;

/// A grammar in llguidance's Lark for an answer that may hold up to `most_calls` calls of `tools`. The arguments of those
/// that are not strict are any object.
///
/// `thought`: the mark that closes the thought which the prompt's end opened; nothing in it is a call. `control` tells a
/// mark that is a token of its own, by its number.
pub fn grammar(
    family: Family,
    tools: &[&Tool],
    most_calls: usize,
    thought: Option<&str>,
    control: impl Fn(&str) -> Option<u32>,
) -> Result<String, GrammarError> {
    let mark = mark(&control);
    let mut lark = prose(family, &control);
    let mut said = Vec::new();
    // Writing to a string cannot fail.
    for (n, opening) in family.openings().iter().enumerate() {
        if control(opening).is_some() {
            said.push((*opening, [format!("prose {}", mark(opening)), format!("prose {}", mark(opening))]));
            continue;
        }
        let _ = writeln!(lark, "LATER_{n}: TEXT {}", literal(opening));
        let _ = writeln!(lark, "FIRST_{n}: LATER_{n} & ~(CALL_AT_ONCE | THOUGHT_AT_ONCE)");
        let _ = writeln!(lark, "later_{n}[lazy]: LATER_{n}\nfirst_{n}[lazy]: FIRST_{n}");
        said.push((*opening, [format!("thinking first_{n}"), format!("thinking later_{n}")]));
    }
    let form = Form::of(family, &mark);
    // The mark has been read by then.
    let before = if family == Family::Hermes { literal("\n") } else { String::new() };
    lark += &call_rules(family, tools, (&before, &form.after), &mark, |tool| {
        if tool.strict { tool.schema() } else { json!({"type": "object"}) }
    })?;
    let calls = form.calls(most_calls);
    let mut ways = vec!["prose".to_owned()];
    if family.begins_bare() {
        ways.push(r"thinking /\s*/ call".to_owned());
    }
    for (opening, [first, later]) in &said {
        ways.push(match family {
            Family::Hermes | Family::MistralNames => {
                let more = match most_calls {
                    0 | 1 => String::new(),
                    most => format!("({later} call){{0,{}}}", most - 1),
                };
                format!("{first} call {more} prose")
            }
            Family::Llama3 => format!("{first} call"),
            Family::MistralList | Family::Phi if opening.ends_with('[') => {
                format!("{first} {calls} {}", literal("]"))
            }
            Family::MistralList | Family::Phi => {
                format!("{first} {} {calls} {}", literal("["), form.after_all)
            }
        });
    }
    let _ = writeln!(lark, "body: {}", ways.join(" | "));
    lark += &beginning(thought, &control);
    Ok(lark)
}

/// What comes before all else: a thought that the prompt opened, or one that the model may open by itself.
fn beginning(thought: Option<&str>, control: &impl Fn(&str) -> Option<u32>) -> String {
    if let Some(close) = thought {
        return match control(close) {
            Some(token) => format!("start: TEXT | TEXT <[{token}]> body\n"),
            None => format!(
                "THOUGHT: TEXT {}\nthought[lazy]: THOUGHT\nstart: TEXT | thought body\n",
                literal(close)
            ),
        };
    }
    let (mut rules, mut ways) = (String::new(), vec!["body".to_owned()]);
    for (n, (open, close)) in AnswerParser::reasoning_pairs().enumerate() {
        if control(open).is_none() {
            let (open, close) = (literal(open), literal(close));
            let _ =
                writeln!(rules, "THOUGHT_{n}: /\\s*/ {open} TEXT {close}\nthought_{n}[lazy]: THOUGHT_{n}");
            ways.push(format!("thought_{n} body"));
        }
    }
    format!("{rules}start: {}\n", ways.join(" | "))
}

/// What may be said without opening a call: no opening that is written as text, and the marks of thoughts where they are
/// tokens of their own.
fn prose(family: Family, control: &impl Fn(&str) -> Option<u32>) -> String {
    let texts = family.openings().iter().filter(|opening| control(opening).is_none());
    let opened = texts.map(|opening| format!("TEXT {} TEXT", literal(opening)));
    let calls = opened.chain(["CALL_AT_ONCE".to_owned()]).collect::<Vec<_>>().join(" | ");
    let at_once = if family.begins_bare() { r"/\s*\{(?s:.*)/" } else { NOTHING };
    let opens =
        AnswerParser::reasoning_pairs().map(|(open, _)| literal(open)).collect::<Vec<_>>().join(" | ");
    let mut rules = format!(
        "TEXT: /(?s:.*)/\nCALL_AT_ONCE: {at_once}\nTHOUGHT_AT_ONCE: /\\s*/ ({opens}) TEXT\nREST: TEXT & ~({calls})\n"
    );
    let marks: Vec<_> =
        AnswerParser::reasoning_marks().filter_map(control).map(|token| format!("<[{token}]>")).collect();
    if marks.is_empty() {
        rules += "thinking: \"\"\nprose: REST\n";
    } else {
        let _ = writeln!(rules, "thinking: (REST ({}))*\nprose: thinking REST", marks.join(" | "));
    }
    rules
}

/// A pattern that no text is.
const NOTHING: &str = r"/[^\s\S]/";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tools::form::{takes, takes_tokens};

    fn tools() -> Vec<Tool> {
        let tool = |name: &str, strict| Tool {
            name: name.to_owned(),
            description: None,
            parameters: Some(json!({
                "type": "object",
                "properties": {"city": {"enum": ["Paris", "Oslo"]}},
                "required": ["city"],
                "additionalProperties": false,
            })),
            strict,
        };
        vec![tool("weather", true), tool("search", false)]
    }

    fn lark(family: Family, most_calls: usize, thought: Option<&str>) -> String {
        let tools = tools();
        grammar(family, &tools.iter().collect::<Vec<_>>(), most_calls, thought, |_| None).expect("a grammar")
    }

    #[test]
    fn an_answer_without_a_call_is_free() {
        for family in Family::ALL {
            let lark = lark(family, 8, None);
            for text in ["", "Hello!\n\nIt rains. ", "a < b, <tool>, [TOOL], {x}", "<think>Well.</think>No."]
            {
                assert!(takes(&lark, text), "{family:?}: {text}");
            }
        }
    }

    #[test]
    fn a_call_of_a_strict_tool_keeps_its_schema_in_every_familys_form() {
        for (family, call) in [
            (
                Family::Hermes,
                "<tool_call>\n{\"name\": \"NAME\", \"arguments\": {\"city\": \"CITY\"}}\n</tool_call>",
            ),
            (Family::Llama3, "{\"name\": \"NAME\", \"parameters\": {\"city\": \"CITY\"}}"),
            (Family::Llama3, "<|python_tag|>{\"name\": \"NAME\", \"parameters\": {\"city\": \"CITY\"}}"),
            (Family::MistralList, "[TOOL_CALLS][{\"name\": \"NAME\", \"arguments\": {\"city\": \"CITY\"}}]"),
            (Family::MistralNames, "[TOOL_CALLS]NAME[ARGS]{\"city\": \"CITY\"}"),
            (
                Family::Phi,
                "<|tool_call|>[{\"name\": \"NAME\", \"arguments\": {\"city\": \"CITY\"}}]<|/tool_call|>",
            ),
            (Family::Phi, "functools[{\"name\": \"NAME\", \"arguments\": {\"city\": \"CITY\"}}]"),
        ] {
            let lark = lark(family, 8, None);
            let begins: &[&str] = if call.starts_with('{') { &[""] } else { &["", "Let me look. "] };
            for begin in begins {
                let takes = |name: &str, city: &str| {
                    takes(&lark, &format!("{begin}{}", call.replace("NAME", name).replace("CITY", city)))
                };
                assert!(takes("weather", "Oslo"), "{family:?}");
                assert!(!takes("weather", "Rome"), "{family:?}: a value that the schema does not know");
                assert!(takes("search", "Rome"), "{family:?}: this one is not strict");
                assert!(!takes("delete", "Oslo"), "{family:?}: a tool that is not offered");
            }
        }
    }

    #[test]
    fn what_a_thought_of_the_models_own_speaks_of_is_no_call() {
        let call = "<tool_call>\n{\"name\": \"weather\", \"arguments\": {\"city\": \"CITY\"}}\n</tool_call>";
        let hermes = lark(Family::Hermes, 1, None);
        let thought = "<think>I could write <tool_call> or [TOOL_CALLS].\n</think>\n\n";
        assert!(takes(&hermes, &format!("{thought}Hello.")));
        assert!(takes(&hermes, &format!("{thought}{}", call.replace("CITY", "Oslo"))));
        assert!(!takes(&hermes, &format!("{thought}{}", call.replace("CITY", "Rome"))));
        let llama = lark(Family::Llama3, 1, None);
        let bare = "{\"name\": \"weather\", \"parameters\": {\"city\": \"CITY\"}}";
        for before in ["", "\n\n", "<think>Hm {x}.</think>", "<think>Hm.</think>\n\n"] {
            assert!(takes(&llama, &format!("{before}{}", bare.replace("CITY", "Oslo"))), "{before}");
            assert!(!takes(&llama, &format!("{before}{}", bare.replace("CITY", "Rome"))), "{before}");
        }
    }

    #[test]
    fn calls_are_counted_where_several_may_follow() {
        let call = "<tool_call>\n{\"name\": \"weather\", \"arguments\": {\"city\": \"Oslo\"}}\n</tool_call>";
        let twice = format!("First: {call}\nthen {call} done");
        assert!(takes(&lark(Family::Hermes, 2, None), &twice));
        assert!(!takes(&lark(Family::Hermes, 1, None), &twice));
        let named = "[TOOL_CALLS]weather[ARGS]{\"city\": \"Oslo\"}".repeat(2);
        assert!(takes(&lark(Family::MistralNames, 2, None), &named));
        assert!(!takes(&lark(Family::MistralNames, 1, None), &named));
    }

    #[test]
    fn a_thought_that_the_prompt_opened_may_speak_of_marks() {
        let thoughtful = lark(Family::Hermes, 1, Some("</think>"));
        let call = "<tool_call>\n{\"name\": \"weather\", \"arguments\": {\"city\": \"CITY\"}}\n</tool_call>";
        for (text, fits) in [
            ("I could write <tool_call> here.".to_owned(), true),
            ("Is <tool_call> right?</think>Yes.".to_owned(), true),
            (format!("<tool_call></think>{}", call.replace("CITY", "Oslo")), true),
            (format!("<tool_call></think>{}", call.replace("CITY", "Rome")), false),
        ] {
            assert_eq!(takes(&thoughtful, &text), fits, "{text}");
        }
    }

    #[test]
    fn marks_that_are_tokens_of_their_own_are_written_so() {
        let marks = [("[TOOL_CALLS]", 256), ("[ARGS]", 257), ("[THINK]", 258), ("[/THINK]", 259)];
        let control = |text: &str| marks.iter().find(|(mark, _)| *mark == text).map(|(_, token)| *token);
        let tools = tools();
        let tools: Vec<_> = tools.iter().collect();
        let lark = grammar(Family::MistralNames, &tools, 2, None, control).expect("a grammar");
        let takes = |text: &str| {
            let mut tokens = Vec::new();
            let mut rest = text;
            while let Some(next) = rest.chars().next() {
                let mark = marks.iter().find(|(mark, _)| rest.starts_with(mark));
                let length = mark.map_or(next.len_utf8(), |(mark, _)| mark.len());
                tokens.extend(mark.map_or(vec![next as u32], |(_, token)| vec![*token]));
                rest = &rest[length..];
            }
            takes_tokens(&lark, &tokens)
        };
        assert!(takes("[THINK]Hm.[/THINK]Sure."));
        assert!(takes("[THINK]Hm.[/THINK]Sure.[TOOL_CALLS]weather[ARGS]{\"city\": \"Oslo\"}"));
        assert!(!takes("[THINK]Hm.[/THINK]Sure.[TOOL_CALLS]weather[ARGS]{\"city\": \"Rome\"}"));
        assert!(!takes("Sure.[ARGS]"));
        let thoughtful =
            grammar(Family::MistralNames, &tools, 2, Some("[/THINK]"), control).expect("a grammar");
        assert!(takes_tokens(&thoughtful, &[b'H'.into(), 259, b'N'.into()]));
        assert!(!takes_tokens(&thoughtful, &[b'H'.into(), 259, 256, b'N'.into()]));
    }
}
