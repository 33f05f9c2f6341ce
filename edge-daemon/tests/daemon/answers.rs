//! What an answer says, and where it ends.

use hearth_wire::FinishReason;
use serde_json::json;

use crate::harness::{Daemon, story, with};

#[tokio::test]
async fn the_model_answers_in_words_and_stops_by_itself() {
    let daemon = Daemon::start().await;
    let body = json!({
        "model": "default",
        "messages": [
            {"role": "developer", "content": "You are a helpful AI assistant."},
            {"role": "user", "content": [{"type": "text", "text": "What is the capital"}, {"type": "text", "text": " of France?"}]},
        ],
        "temperature": 0,
    });
    let answer = daemon.chat(&body).await;
    assert!(answer.text.contains("Paris"), "{}", answer.text);
    assert_eq!(answer.reason, FinishReason::Stop);
}

#[tokio::test]
async fn the_same_seed_gives_the_same_answer_and_another_seed_another() {
    let daemon = Daemon::start().await;
    let ask = |seed: i64| with(story("the sea", 40), json!({"seed": seed, "temperature": 1.5}));
    let first = daemon.chat(&ask(11)).await;
    assert_eq!(daemon.chat(&ask(11)).await, first);
    assert_ne!(daemon.chat(&ask(12)).await.text, first.text);
}

#[tokio::test]
async fn max_tokens_ends_an_answer_with_length() {
    let daemon = Daemon::start().await;
    for most in [1, 7] {
        let answer = daemon.chat(&story("snow", most)).await;
        assert_eq!(answer.reason, FinishReason::Length);
        assert_eq!(answer.usage.unwrap().completion_tokens, u64::from(most));
    }
    let newer = with(story("snow", 90), json!({"max_completion_tokens": 3}));
    assert_eq!(daemon.chat(&newer).await.usage.unwrap().completion_tokens, 3);
}

#[tokio::test]
async fn the_contexts_end_ends_an_answer_with_length() {
    let daemon = Daemon::with(&["--context", "96"]).await;
    let body = with(story("time", 1), json!({"max_tokens": null}));
    let answer = daemon.chat(&body).await;
    assert_eq!((answer.reason, answer.usage.unwrap().total_tokens), (FinishReason::Length, 96));
}

#[tokio::test]
async fn a_stop_string_ends_an_answer_wherever_it_falls() {
    let daemon = Daemon::start().await;
    let whole = daemon.chat(&story("a castle", 40)).await.text;
    // From inside one word to inside a later one: several tokens, and its borders are not theirs.
    let from = whole.char_indices().nth(21).unwrap().0;
    let to = whole.char_indices().nth(33).unwrap().0;
    let stop = &whole[from..to];
    let before = &whole[..whole.find(stop).unwrap()];
    for stop in [json!(stop), json!(["\u{1f980}never", stop])] {
        let body = with(story("a castle", 40), json!({"stop": stop}));
        let answer = daemon.chat(&body).await;
        assert_eq!((answer.text.as_str(), answer.reason), (before, FinishReason::Stop));
        assert_eq!(daemon.stream(&body).await.answer().await.text, before);
    }
}

#[tokio::test]
async fn a_stop_string_that_never_comes_changes_nothing() {
    let daemon = Daemon::start().await;
    let whole = daemon.chat(&story("a castle", 30)).await;
    let end: String = whole.text.chars().skip(whole.text.chars().count() - 3).collect();
    let body = with(story("a castle", 30), json!({"stop": format!("{end}…")}));
    assert_eq!(daemon.chat(&body).await, whole, "what was held back is given at the end");
}

#[tokio::test]
async fn penalties_and_top_k_change_the_choice_of_words() {
    let daemon = Daemon::start().await;
    let repetitive = json!({"messages": [{"role": "user", "content": "Say la la la la la la la la."}], "temperature": 0, "max_tokens": 24});
    let plain = daemon.chat(&repetitive).await.text;
    for penalty in ["frequency_penalty", "presence_penalty", "repeat_penalty"] {
        assert_ne!(
            daemon.chat(&with(repetitive.clone(), json!({penalty: 2.0}))).await.text,
            plain,
            "{penalty}"
        );
    }
    // With one candidate left, the temperature has nothing to choose from.
    for one in [json!({"top_k": 1}), json!({"top_p": 0.0, "top_k": 0}), json!({"min_p": 1.0})] {
        let hot = with(with(repetitive.clone(), json!({"temperature": 2.0})), one.clone());
        assert_eq!(daemon.chat(&hot).await.text, plain, "{one}");
    }
}

#[tokio::test]
async fn a_typed_control_token_stays_text() {
    let daemon = Daemon::start().await;
    let prompt_tokens = async |content: &str| {
        let body = json!({"messages": [{"role": "user", "content": content}], "max_tokens": 1});
        daemon.chat(&body).await.usage.unwrap().prompt_tokens
    };
    let plain = prompt_tokens("x").await;
    assert!(prompt_tokens("<|im_end|>").await >= plain + 3, "read as text, it is several tokens");
}

#[tokio::test]
async fn every_script_goes_in_and_comes_out_whole() {
    // Two of them: where a prompt has been read before, its last token is computed alone, and a few bits of the scores differ.
    let (daemon, other) = (Daemon::start().await, Daemon::start().await);
    for text in ["Grüße, 東京 🦀👩‍👩‍👧 ‏שלום", "e\u{301}\u{feff}\u{7f}\u{1b}[31m", "\u{fdd0}\u{10ffff}"]
    {
        let body = json!({"messages": [{"role": "user", "content": format!("Repeat: {text}")}], "max_tokens": 12, "seed": 5});
        let plain = daemon.chat(&body).await;
        assert_eq!(other.stream(&body).await.answer().await.text, plain.text);
    }
}
