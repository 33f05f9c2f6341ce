//! Guessing ahead: fewer steps, and the same answers.

use futures_util::future::join_all;
use hearth_wire::FinishReason;
use serde_json::{Value, json};

use crate::harness::{Daemon, story, with};

const GUESSING: [&str; 4] = ["--context", "2048", "--speculate", "8"];

/// An answer that is in its prompt.
fn repeating() -> Value {
    let paragraph = "The harbour master of Oldport kept two ledgers. In the first she wrote the name of every ship, the \
                     hour at which it passed the breakwater, and what it carried: wool, tin, salted fish, or letters.";
    json!({
        "messages": [{"role": "user", "content": format!("Repeat this paragraph word for word, twice:\n\n{paragraph}")}],
        "max_tokens": 80,
        "temperature": 0,
    })
}

/// The figure of this name in each line about an answer.
async fn figures(daemon: &Daemon, name: &str, count: usize) -> Vec<usize> {
    let all = || -> Vec<usize> {
        let log = daemon.log();
        let figure = |line: &str| line.split(&format!(" {name}=")).nth(1)?.split(' ').next()?.parse().ok();
        log.lines().filter_map(figure).collect()
    };
    daemon.until("a line for each", |_| all().len() == count).await;
    all()
}

#[tokio::test]
async fn an_answer_that_repeats_its_prompt_is_the_same_in_fewer_steps() {
    let (plain, guessing) = (Daemon::start().await, Daemon::with(&GUESSING).await);
    let expected = plain.chat(&repeating()).await;
    let answer = guessing.chat(&repeating()).await;
    assert_eq!(answer, expected);
    let written = answer.usage.unwrap().completion_tokens as usize;
    let right = figures(&guessing, "right_guesses", 1).await[0];
    assert!(right * 2 > written, "of {written} tokens only {right} were guessed");
    assert_eq!(figures(&plain, "guessed_tokens", 1).await, [0]);
    guessing.idle().await;

    // What it was computed to serves those who come later as well.
    let again = guessing.ask("/v1/chat/completions", &repeating()).await;
    let prompt = again["usage"]["prompt_tokens"].as_u64().unwrap();
    assert_eq!(again["usage"]["prompt_tokens_details"]["cached_tokens"], prompt - 1);
    assert_eq!(again["choices"][0]["message"]["content"], json!(expected.text));
}

#[tokio::test]
async fn bounds_stops_and_seeds_hold_within_a_guess() {
    let (plain, guessing) = (Daemon::start().await, Daemon::with(&GUESSING).await);
    for fields in [
        json!({"max_tokens": 1}),
        json!({"max_tokens": 37}),
        json!({"stop": ["breakwater"]}),
        json!({"stop": ["every ship, the hour"]}),
        json!({"logit_bias": {"30": -100}}),
    ] {
        let body = with(repeating(), fields.clone());
        let (expected, answer) = (plain.chat(&body).await, guessing.chat(&body).await);
        assert_eq!(answer, expected, "{fields}");
    }
    // Up to the end of the context.
    let narrow = Daemon::with(&["--context", "160", "--speculate", "8"]).await;
    let answer = narrow.chat(&with(repeating(), json!({"max_tokens": null, "stop": null}))).await;
    assert!(answer.usage.unwrap().total_tokens <= 160, "{answer:?}");

    // The same seed writes the same, and penalties see every token.
    let lively = with(
        repeating(),
        json!({"temperature": 1, "seed": 7, "repeat_penalty": 1.1, "frequency_penalty": 0.3}),
    );
    let first = guessing.chat(&lively).await;
    assert_eq!(guessing.chat(&lively).await.text, first.text);
    guessing.idle().await;
}

/// A guess that is wrong must cost nothing of the seed: the choices are those of a run without guesses. They may part where
/// two words were nearly as good, since several tokens at once are computed in another order than one.
#[tokio::test]
async fn what_a_seed_chooses_is_chosen_with_guesses_too() {
    let (plain, guessing) = (Daemon::start().await, Daemon::with(&GUESSING).await);
    let mut same = 0;
    for seed in 0..SEEDS {
        let body = with(repeating(), json!({"temperature": 1.5, "seed": seed, "max_tokens": 40}));
        // From the cache both times: what is read in one go differs in the last digits too.
        plain.chat(&body).await;
        guessing.chat(&body).await;
        let (expected, answer) = (plain.chat(&body).await.text, guessing.chat(&body).await.text);
        same += usize::from(answer == expected);
    }
    let guessed: usize = figures(&guessing, "guessed_tokens", 2 * SEEDS).await.iter().sum();
    let right: usize = figures(&guessing, "right_guesses", 2 * SEEDS).await.iter().sum();
    assert!(right > 2 * SEEDS && guessed - right > SEEDS / 2, "{right} of {guessed} guesses were right");
    assert!(same * 3 >= SEEDS, "only {same} of {SEEDS} answers were the same");
}

const SEEDS: usize = 8;

#[tokio::test]
async fn every_token_has_its_own_probabilities() {
    let (plain, guessing) = (Daemon::start().await, Daemon::with(&GUESSING).await);
    let body = with(repeating(), json!({"logprobs": true, "top_logprobs": 2}));
    let tokens = async |daemon: &Daemon| {
        let answer = daemon.ask("/v1/chat/completions", &body).await;
        answer["choices"][0]["logprobs"]["content"].as_array().unwrap().clone()
    };
    let (expected, found) = (tokens(&plain).await, tokens(&guessing).await);
    assert_eq!(found.len(), expected.len());
    for (found, expected) in found.iter().zip(&expected) {
        assert_eq!(found["token"], expected["token"]);
        let [a, b] = [found, expected].map(|token| token["logprob"].as_f64().unwrap());
        assert!((a - b).abs() < 1.25, "{found} {expected}");
    }
}

#[tokio::test]
async fn a_schema_holds_though_what_was_said_would_go_on_otherwise() {
    let guessing = Daemon::with(&GUESSING).await;
    // Where the last words stood before, what follows is no JSON.
    let record = "{\"name\": \"Ada\", \"town\": \"Oldport\"} and so on. ".repeat(6);
    let body = json!({
        "messages": [{"role": "user", "content": format!("{record}\n\nWrite the record once more.")}],
        "response_format": {"type": "json_schema", "json_schema": {"name": "record", "schema": {
            "type": "object",
            "properties": {"name": {"enum": ["Ada"]}, "town": {"enum": ["Oldport"]}},
            "required": ["name", "town"],
            "additionalProperties": false,
        }}},
        "temperature": 0,
        "max_tokens": 60,
    });
    let answer = guessing.chat(&body).await;
    let read: Value = serde_json::from_str(&answer.text).unwrap();
    assert_eq!(read, json!({"name": "Ada", "town": "Oldport"}));
    assert!(figures(&guessing, "guessed_tokens", 1).await[0] > 0);
}

#[tokio::test]
async fn several_at_once_are_all_served_and_every_cell_is_free() {
    let daemon = Daemon::with(&["--context", "512", "--parallel", "4", "--speculate", "16"]).await;
    let bodies: Vec<Value> = (0..12)
        .map(|n| match n % 3 {
            0 => repeating(),
            1 => with(repeating(), json!({"temperature": 0.9, "seed": n})),
            _ => story(&format!("the number {n}"), 40),
        })
        .collect();
    let answers = join_all(bodies.iter().map(|body| daemon.chat(body))).await;
    assert!(answers.iter().all(|answer| answer.usage.unwrap().completion_tokens > 5), "{answers:?}");
    assert!(answers.iter().any(|answer| answer.reason == FinishReason::Length));
    daemon.idle().await;
}
