use super::*;
use proptest::prelude::*;

/// What one answer comes to, put together again.
#[derive(Debug, Default, PartialEq)]
struct Whole {
    text: String,
    reasoning: String,
    calls: Vec<(String, String)>,
}

fn parser(family: Family) -> AnswerParser {
    let names = ["get_weather", "add", "now"].map(str::to_owned).to_vec();
    AnswerParser::new(Some((family, names)), None)
}

fn read(mut parser: AnswerParser, pieces: &[&str]) -> Whole {
    let mut whole = Whole::default();
    let mut take = |parts: Vec<Part>| {
        for part in parts {
            match part {
                Part::Text(text) => whole.text.push_str(&text),
                Part::Reasoning(text) => whole.reasoning.push_str(&text),
                Part::CallBegins { index, name } => {
                    assert_eq!(index, whole.calls.len(), "calls come in order");
                    whole.calls.push((name, String::new()));
                }
                Part::CallArguments { index, text } => whole.calls[index].1.push_str(&text),
            }
        }
    };
    for piece in pieces {
        take(parser.push(piece));
    }
    take(parser.finish());
    whole
}

fn whole(text: &str, reasoning: &str, calls: &[(&str, &str)]) -> Whole {
    let calls = calls.iter().map(|(name, arguments)| ((*name).to_owned(), (*arguments).to_owned())).collect();
    Whole { text: text.to_owned(), reasoning: reasoning.to_owned(), calls }
}

const PARIS: (&str, &str) = ("get_weather", r#"{"city": "Paris", "unit": "celsius"}"#);
const SUM: (&str, &str) = ("add", r#"{"a": 1, "b": [2, {"c": "}"}]}"#);

/// Outputs in the forms that the families publish, and what they mean.
fn recorded() -> Vec<(Family, &'static str, Whole)> {
    vec![
        (
            Family::Hermes,
            "<tool_call>\n{\"name\": \"get_weather\", \"arguments\": {\"city\": \"Paris\", \"unit\": \"celsius\"}}\n</tool_call>",
            whole("", "", &[PARIS]),
        ),
        (
            Family::Hermes,
            "I'll look.\n<tool_call>\n{\"name\": \"get_weather\", \"arguments\": {\"city\": \"Paris\", \"unit\": \"celsius\"}}\n</tool_call>\n<tool_call>\n{\"name\": \"add\", \"arguments\": {\"a\": 1, \"b\": [2, {\"c\": \"}\"}]}}\n</tool_call>\n",
            whole("I'll look.", "", &[PARIS, SUM]),
        ),
        (
            Family::Hermes,
            "<think>\nThe user wants <b>weather</b>.\n</think>\n\n<tool_call>\n{\"arguments\": {\"city\": \"Paris\", \"unit\": \"celsius\"}, \"name\": \"get_weather\"}\n</tool_call>",
            whole("", "The user wants <b>weather</b>.", &[PARIS]),
        ),
        (
            Family::Llama3,
            "{\"name\": \"get_weather\", \"parameters\": {\"city\": \"Paris\", \"unit\": \"celsius\"}}",
            whole("", "", &[PARIS]),
        ),
        (
            Family::Llama3,
            "<|python_tag|>{\"type\": \"function\", \"name\": \"get_weather\", \"parameters\": {\"city\": \"Paris\", \"unit\": \"celsius\"}}; {\"name\": \"add\", \"parameters\": {\"a\": 1, \"b\": [2, {\"c\": \"}\"}]}}",
            whole("", "", &[PARIS, SUM]),
        ),
        (
            Family::MistralList,
            "[TOOL_CALLS] [{\"name\": \"get_weather\", \"arguments\": {\"city\": \"Paris\", \"unit\": \"celsius\"}, \"id\": \"a1B2c3D4e\"}, {\"name\": \"add\", \"arguments\": {\"a\": 1, \"b\": [2, {\"c\": \"}\"}]}}]",
            whole("", "", &[PARIS, SUM]),
        ),
        (
            Family::MistralNames,
            "[TOOL_CALLS]get_weather[CALL_ID]a1B2c3D4e[ARGS]{\"city\": \"Paris\", \"unit\": \"celsius\"}[TOOL_CALLS]add[ARGS]{\"a\": 1, \"b\": [2, {\"c\": \"}\"}]}",
            whole("", "", &[PARIS, SUM]),
        ),
        (
            Family::MistralNames,
            "[THINK]Weather, then.[/THINK]Let me see.[TOOL_CALLS]get_weather[ARGS]{\"city\": \"Paris\", \"unit\": \"celsius\"}",
            whole("Let me see.", "Weather, then.", &[PARIS]),
        ),
        (
            Family::Phi,
            "<|tool_call|>[{\"name\": \"get_weather\", \"arguments\": {\"city\": \"Paris\", \"unit\": \"celsius\"}}]<|/tool_call|>",
            whole("", "", &[PARIS]),
        ),
        (
            Family::Phi,
            "<|tool_call|>[{\"type\": \"function\", \"function\": {\"name\": \"get_weather\", \"arguments\": {\"city\": \"Paris\", \"unit\": \"celsius\"}}}, {\"type\": \"function\", \"function\": {\"name\": \"add\", \"arguments\": {\"a\": 1, \"b\": [2, {\"c\": \"}\"}]}}}]<|/tool_call|>",
            whole("", "", &[PARIS, SUM]),
        ),
        (
            Family::Phi,
            "functools[{\"name\": \"get_weather\", \"arguments\": {\"city\": \"Paris\", \"unit\": \"celsius\"}}]",
            whole("", "", &[PARIS]),
        ),
    ]
}

#[test]
fn each_familys_calls_are_read() {
    for (family, text, expected) in recorded() {
        assert_eq!(read(parser(family), &[text]), expected, "{text}");
    }
}

#[test]
fn what_is_no_call_stays_text() {
    for (family, text) in [
        (Family::Hermes, "Write <tool_call> around it, and </tool_call> behind."),
        (Family::Hermes, "<tool_call>\n{\"name\": \"unknown\", \"arguments\": {}}\n</tool_call>"),
        (Family::Hermes, "<tool_call>{\"answer\": 42}"),
        (Family::Hermes, "a < b, and <tool"),
        (Family::Llama3, "{\"answer\": 42}"),
        (Family::Llama3, "Use {\"name\": \"add\", \"parameters\": {}} for that."),
        (Family::MistralList, "[TOOL_CALLS] is a token."),
        (Family::Phi, "functools[0] is a list."),
    ] {
        assert_eq!(read(parser(family), &[text]), whole(text, "", &[]), "{text}");
    }
}

#[test]
fn a_call_that_is_cut_off_has_what_was_written() {
    let text = "<tool_call>\n{\"name\": \"get_weather\", \"arguments\": {\"city\": \"Par";
    assert_eq!(read(parser(Family::Hermes), &[text]), whole("", "", &[("get_weather", "{\"city\": \"Par")]));
}

#[test]
fn reasoning_is_kept_apart_and_only_where_it_opens_the_answer() {
    let plain = || AnswerParser::new(None, None);
    assert_eq!(read(plain(), &["<think>\nhm\n</think>\n\nYes."]), whole("Yes.", "hm", &[]));
    assert_eq!(
        read(plain(), &["<thi", "nk>", "h", "m ", "\n</th", "ink>", "\n", "\nYes. "]),
        whole("Yes. ", "hm", &[])
    );
    assert_eq!(read(plain(), &["Write <think>x</think>."]), whole("Write <think>x</think>.", "", &[]));
    assert_eq!(read(plain(), &["<think>never ends"]), whole("", "never ends", &[]));
    let close = AnswerParser::reasoning_opened_by("<|im_start|>assistant\n<think>\n");
    assert_eq!(read(AnswerParser::new(None, close), &["hm</think>Yes"]), whole("Yes", "hm", &[]));
    assert_eq!(AnswerParser::reasoning_opened_by("<think>\n\n</think>\n\n"), None);
}

#[test]
fn arguments_are_told_as_they_are_written() {
    let mut parser = parser(Family::Hermes);
    parser.push("<tool_call>{\"name\": \"add\", \"arguments\": {\"a\":");
    assert_eq!(parser.push(" 1,"), [Part::CallArguments { index: 0, text: " 1,".to_owned() }]);
}

proptest! {
    #[test]
    fn any_split_means_the_same(at in 0usize..11, cuts in proptest::collection::vec(0usize..200, 0..12)) {
        let recorded = recorded();
        let (family, text, expected) = &recorded[at % recorded.len()];
        let mut cuts: Vec<usize> = cuts.into_iter().filter(|cut| text.is_char_boundary(*cut)).collect();
        cuts.extend([0, text.len()]);
        cuts.retain(|cut| *cut <= text.len());
        cuts.sort_unstable();
        let pieces: Vec<&str> = cuts.windows(2).map(|pair| &text[pair[0]..pair[1]]).collect();
        prop_assert_eq!(&read(parser(*family), &pieces), expected);
    }

    #[test]
    fn plain_text_passes_through_unchanged(pieces in proptest::collection::vec("[a-c {}\\[<t\n]{0,4}", 0..10)) {
        let text = pieces.concat();
        prop_assume!(!text.contains("<t"));
        let pieces: Vec<&str> = pieces.iter().map(String::as_str).collect();
        for family in [Family::Hermes, Family::MistralList, Family::Phi] {
            prop_assert_eq!(&read(parser(family), &pieces).text, &text);
        }
    }
}
