use super::*;

const SMOLLM2: &str = include_str!("fixtures/smollm2.jinja");
const LLAMA3: &str = include_str!("fixtures/llama3.jinja");
const QWEN3: &str = include_str!("fixtures/qwen3.jinja");
/// Also CodeLlama's.
const LLAMA2: &str = include_str!("fixtures/llama2.jinja");

fn render(source: &str, conversation: &[(Role, &str)]) -> Result<String, String> {
    let messages: Vec<ChatMessage> =
        conversation.iter().map(|(role, content)| ChatMessage::new(*role, *content)).collect();
    ChatTemplate::new(source, "<s>".to_owned(), "</s>".to_owned())
        .unwrap()
        .render(&messages, &[], &Map::new(), &str::to_owned)
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

fn weather() -> Tool {
    Tool {
        name: "get_weather".to_owned(),
        description: Some("The weather <now>".to_owned()),
        parameters: Some(
            json!({"type": "object", "properties": {"z": {"type": "integer", "minimum": 1.5}, "a": {}}}),
        ),
        strict: false,
    }
}

/// A question, a call, its result.
fn with_a_call() -> Vec<ChatMessage> {
    let call = ToolCall {
        id: "call_1".to_owned(),
        name: "get_weather".to_owned(),
        arguments: json!({"z": 1, "a": "é"}),
    };
    vec![
        ChatMessage::new(Role::User, "Weather?"),
        ChatMessage { tool_calls: vec![call], ..ChatMessage::new(Role::Assistant, "") },
        ChatMessage { tool_call_id: Some("call_1".to_owned()), ..ChatMessage::new(Role::Tool, "sunny") },
    ]
}

#[test]
fn tools_calls_and_results_reach_the_models_own_template() {
    let template = |source: &str| ChatTemplate::new(source, "<s>".to_owned(), "</s>".to_owned()).unwrap();
    let render = |source: &str| {
        template(source).render(&with_a_call(), &[weather()], &Map::new(), &str::to_owned).unwrap()
    };
    let qwen = render(QWEN3);
    let written = "{\"type\": \"function\", \"function\": {\"name\": \"get_weather\", \"description\": \"The weather <now>\", \
                   \"parameters\": {\"type\": \"object\", \"properties\": {\"z\": {\"type\": \"integer\", \"minimum\": 1.5}, \"a\": {}}}}}";
    assert!(qwen.contains(&format!("<tools>\n{written}\n</tools>")), "{qwen}");
    assert!(qwen.contains("<tool_response>\nsunny\n</tool_response>"), "{qwen}");

    let llama = render(LLAMA3);
    assert!(llama.contains("Environment: ipython"), "{llama}");
    assert!(
        llama.contains("{\"name\": \"get_weather\", \"parameters\": {\"z\": 1, \"a\": \"é\"}}<|eot_id|>"),
        "{llama}"
    );
    assert!(llama.contains("<|start_header_id|>ipython<|end_header_id|>\n\n\"sunny\"<|eot_id|>"), "{llama}");

    let phi = "{% for message in messages %}<|{{ message['role'] }}|>{{ message['content'] }}{% if 'tools' in message %}\
               <|tool|>{{ message['tools'] }}<|/tool|>{% endif %}{% endfor %}";
    assert!(render(phi).starts_with(&format!("<|system|><|tool|>[{written}]<|/tool|><|user|>Weather?")));
    assert!(!template(SMOLLM2).knows_tools() && template(phi).knows_tools());
}

#[test]
fn variables_reach_the_template_and_cannot_replace_the_messages() {
    let variables = json!({"enable_thinking": false, "messages": []}).as_object().unwrap().clone();
    let template = ChatTemplate::new(QWEN3, String::new(), String::new()).unwrap();
    let rendered =
        template.render(&[ChatMessage::new(Role::User, "Hi")], &[], &variables, &str::to_owned).unwrap();
    assert!(rendered.ends_with("Hi<|im_end|>\n<|im_start|>assistant\n<think>\n\n</think>\n\n"), "{rendered}");
    assert!(template.knows("enable_thinking") && !template.knows("reasoning_effort"));
}
