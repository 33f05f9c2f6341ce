use super::*;

const SMOLLM2: &str = include_str!("fixtures/smollm2.jinja");
const LLAMA3: &str = include_str!("fixtures/llama3.jinja");
const QWEN3: &str = include_str!("fixtures/qwen3.jinja");
/// Also CodeLlama's.
const LLAMA2: &str = include_str!("fixtures/llama2.jinja");

fn messages(messages: &[(Role, &str)]) -> Vec<TemplateMessage> {
    let message = |(role, content): &(Role, &str)| TemplateMessage {
        role: role_word(*role),
        content: (*content).to_owned(),
        ..TemplateMessage::default()
    };
    messages.iter().map(message).collect()
}

fn render(source: &str, conversation: &[(Role, &str)]) -> Result<String, String> {
    ChatTemplate::new(source, "<s>".to_owned(), "</s>".to_owned())
        .unwrap()
        .render(&messages(conversation))
        .map_err(|error| error.to_string())
}

const TALK: &[(Role, &str)] = &[
    (Role::Developer, "Be brief."),
    (Role::User, " Hi {{ x }} <b>&amp; "),
    (Role::Assistant, "<think>\nhm\n</think>\n\nHello."),
    (Role::User, "Bye"),
];

#[test]
fn smollm2_speaks_chatml_and_introduces_itself() {
    insta::assert_snapshot!(render(SMOLLM2, &[(Role::User, "Hi")]).unwrap(), @r"
    <|im_start|>system
    You are a helpful AI assistant named SmolLM, trained by Hugging Face<|im_end|>
    <|im_start|>user
    Hi<|im_end|>
    <|im_start|>assistant
    ");
    assert_eq!(
        render(SMOLLM2, TALK).unwrap(),
        "<|im_start|>system\nBe brief.<|im_end|>\n<|im_start|>user\n Hi {{ x }} <b>&amp; <|im_end|>\n<|im_start|>assistant\n<think>\nhm\n</think>\n\nHello.<|im_end|>\n<|im_start|>user\nBye<|im_end|>\n<|im_start|>assistant\n"
    );
}

#[test]
fn the_fallback_is_chatml() {
    assert_eq!(
        render(CHATML, &[(Role::System, "S"), (Role::User, "Hi")]).unwrap(),
        "<|im_start|>system\nS<|im_end|>\n<|im_start|>user\nHi<|im_end|>\n<|im_start|>assistant\n"
    );
}

#[test]
fn llama_3_gets_its_headers_and_todays_date() {
    let today = strftime_now("%d %b %Y").unwrap();
    assert_eq!(today.len(), "23 Nov 2026".len(), "{today}");
    assert_eq!(
        render(LLAMA3, TALK).unwrap(),
        format!(
            "<s><|start_header_id|>system<|end_header_id|>\n\nCutting Knowledge Date: December 2023\nToday Date: {today}\n\nBe brief.<|eot_id|>\
             <|start_header_id|>user<|end_header_id|>\n\nHi {{{{ x }}}} <b>&amp;<|eot_id|>\
             <|start_header_id|>assistant<|end_header_id|>\n\n<think>\nhm\n</think>\n\nHello.<|eot_id|>\
             <|start_header_id|>user<|end_header_id|>\n\nBye<|eot_id|>\
             <|start_header_id|>assistant<|end_header_id|>\n\n"
        )
    );
}

#[test]
fn qwen_3_forgets_what_it_thought_before() {
    assert_eq!(
        render(QWEN3, TALK).unwrap(),
        "<|im_start|>system\nBe brief.<|im_end|>\n<|im_start|>user\n Hi {{ x }} <b>&amp; <|im_end|>\n<|im_start|>assistant\nHello.<|im_end|>\n<|im_start|>user\nBye<|im_end|>\n<|im_start|>assistant\n"
    );
}

#[test]
fn llama_2_says_which_messages_it_does_not_take() {
    assert_eq!(
        render(LLAMA2, &[(Role::System, "S"), (Role::User, "a"), (Role::Assistant, "b"), (Role::User, "c")])
            .unwrap(),
        "<s>[INST] <<SYS>>\nS\n<</SYS>>\n\na [/INST] b </s><s>[INST] c [/INST]"
    );
    let refused = render(LLAMA2, &[(Role::User, "a"), (Role::User, "b")]).unwrap_err();
    assert_eq!(refused, "Conversation roles must alternate user/assistant/user/assistant/...");
}

#[test]
fn json_is_written_as_python_writes_it() {
    let source = r#"{{ {"a": [1, 2.5, none, true], "b": "<é> \"q\""} | tojson }}"#;
    assert_eq!(render(source, &[]).unwrap(), r#"{"a": [1, 2.5, null, true], "b": "<é> \"q\""}"#);
}

#[test]
fn a_template_that_is_no_jinja_is_refused_with_the_place() {
    let error = ChatTemplate::new("{% for %}", String::new(), String::new()).unwrap_err().to_string();
    assert!(error.contains("line 1"), "{error}");
}

#[test]
fn a_template_that_never_ends_is_stopped() {
    let source = "{% for a in range(10000) %}{% for b in range(10000) %}{% for c in range(10000) %}{% endfor %}{% endfor %}{% endfor %}";
    assert!(render(source, &[]).unwrap_err().contains("fuel"), "the work a template may do is bounded");
}
