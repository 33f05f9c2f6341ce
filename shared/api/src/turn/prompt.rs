//! The prompt: the system prompt, as much of the history as fits, and the question.
//!
//! What does not fit is left out from the oldest on. The system prompt and the question are never cut: where they alone
//! are too long, the model's own refusal says so, with its count.

use hearth_clients::llm::estimate_tokens;
use hearth_domain::{Content, MessageRole};
use hearth_wire::{Message, Role};

use super::begin::Said;

/// Tokens that are kept free for an answer whose length the caller did not bound.
const ANSWER: u64 = 1024;

/// A prompt, and what is known of its size.
#[derive(Clone, Debug, PartialEq)]
pub struct Built {
    pub messages: Vec<Message>,
    /// Messages of the history that are in it.
    pub kept: usize,
    /// Tokens of the history that is in it, where each was counted by a model.
    pub counted: Option<u64>,
}

/// Tokens that a prompt may have, in a context of `context` tokens.
pub fn budget(context: u32, max_tokens: Option<u32>) -> u64 {
    let context = u64::from(context);
    let answer = max_tokens.map_or(ANSWER.min(context / 4), u64::from);
    context - answer.min(context / 2)
}

/// Builds a prompt of at most `budget` tokens, or of the system prompt and the question alone.
pub fn build(system: Option<&str>, history: &[Said], question: &Content, budget: u64) -> Built {
    let system = system.filter(|text| !text.trim().is_empty());
    let question = question.to_text();
    let fixed = system.map_or(0, estimate_tokens) + estimate_tokens(&question);
    let mut left = budget.saturating_sub(fixed);
    let mut kept = 0;
    for said in history.iter().rev() {
        let tokens = size(said);
        if tokens > left {
            break;
        }
        left -= tokens;
        kept += 1;
    }
    let mut tail = &history[history.len() - kept..];
    // An answer without its question helps nobody, and some templates refuse it.
    while let Some((first, rest)) = tail.split_first()
        && first.role == MessageRole::Assistant
    {
        tail = rest;
    }
    let mut messages: Vec<Message> =
        system.map(|text| Message::text(Role::System, text)).into_iter().collect();
    for said in tail {
        push(&mut messages, role(said.role), said.content.to_text());
    }
    push(&mut messages, Role::User, question);
    Built { messages, kept: tail.len(), counted: tail.iter().map(|said| said.tokens).sum() }
}

fn size(said: &Said) -> u64 {
    said.tokens.unwrap_or_else(|| estimate_tokens(&said.content.to_text()))
}

fn role(role: MessageRole) -> Role {
    match role {
        MessageRole::User => Role::User,
        MessageRole::Assistant => Role::Assistant,
        MessageRole::System => Role::System,
    }
}

/// Appends a message. Two of the same role in a row (a question whose answer failed) become one: many templates insist
/// that roles take turns.
fn push(messages: &mut Vec<Message>, role: Role, text: String) {
    if let Some(last) = messages.last_mut()
        && last.role == role
        && let Some(hearth_wire::Content::Text(before)) = &mut last.content
    {
        before.push_str("\n\n");
        before.push_str(&text);
        return;
    }
    messages.push(Message::text(role, text));
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn said(role: MessageRole, text: &str, tokens: Option<u64>) -> Said {
        Said { role, content: Content::text(text), tokens }
    }

    fn texts(built: &Built) -> Vec<String> {
        let text = |message: &Message| message.content.as_ref().map(|content| content.text().into_owned());
        built.messages.iter().filter_map(text).collect()
    }

    #[test]
    fn the_oldest_goes_first_and_the_system_prompt_stays() {
        let history = [
            said(MessageRole::User, "old question", Some(100)),
            said(MessageRole::Assistant, "old answer", Some(100)),
            said(MessageRole::User, "new question", Some(10)),
            said(MessageRole::Assistant, "new answer", Some(10)),
        ];
        let built = build(Some("be kind"), &history, &Content::text("and now?"), 60);
        assert_eq!(texts(&built), ["be kind", "new question", "new answer", "and now?"]);
        assert_eq!((built.kept, built.counted), (2, Some(20)));
    }

    #[test]
    fn an_answer_is_not_kept_without_its_question() {
        let history = [
            said(MessageRole::User, "question", Some(100)),
            said(MessageRole::Assistant, "answer", Some(10)),
        ];
        let built = build(None, &history, &Content::text("x"), 60);
        assert_eq!(texts(&built), ["x"]);
    }

    #[test]
    fn two_questions_in_a_row_become_one() {
        let built = build(None, &[said(MessageRole::User, "a", None)], &Content::text("b"), 1000);
        assert_eq!(texts(&built), ["a\n\nb"]);
    }

    #[test]
    fn one_uncounted_message_leaves_the_sum_unknown() {
        let history = [said(MessageRole::User, "a", None), said(MessageRole::Assistant, "b", Some(1))];
        assert_eq!(build(None, &history, &Content::text("c"), 1000).counted, None);
    }

    #[test]
    fn room_is_kept_for_the_answer() {
        assert_eq!(budget(8192, None), 7168);
        assert_eq!(budget(1000, None), 750);
        assert_eq!(budget(8192, Some(100)), 8092);
        assert_eq!(budget(8192, Some(1_000_000)), 4096, "half is always the prompt's");
    }

    proptest! {
        #[test]
        fn what_is_kept_is_the_newest_and_fits(
            sizes in proptest::collection::vec(1_u64..200, 0..30),
            budget in 0_u64..2000,
        ) {
            let history: Vec<Said> = sizes.iter().enumerate().map(|(at, tokens)| {
                let role = if at % 2 == 0 { MessageRole::User } else { MessageRole::Assistant };
                said(role, &at.to_string(), Some(*tokens))
            }).collect();
            let built = build(None, &history, &Content::text("q"), budget);
            let kept = &sizes[sizes.len() - built.kept..];
            let fixed = estimate_tokens("q");
            prop_assert!(kept.is_empty() || kept.iter().sum::<u64>() + fixed <= budget);
            prop_assert_eq!(built.counted, Some(kept.iter().sum()));
        }
    }
}
