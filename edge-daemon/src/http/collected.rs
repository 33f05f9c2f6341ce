//! Answers that are waited for and given whole.

use crate::engine::event::Written;

use super::answers::{Answers, End, Said};
use super::error::ApiError;

/// One whole answer.
#[derive(Debug, Default)]
pub struct Collected {
    pub text: String,
    /// The tokens of `text`.
    pub tokens: Vec<Written>,
    pub reasoning: String,
    pub calls: Vec<CollectedCall>,
    pub end: Option<End>,
}

#[derive(Debug, Default)]
pub struct CollectedCall {
    pub id: String,
    pub name: String,
    /// The text of a JSON object; cut off where the answer was.
    pub arguments: String,
}

/// Waits for all answers. One that fails fails them all.
pub async fn collect(answers: &mut Answers) -> Result<Vec<Collected>, ApiError> {
    let mut collected: Vec<Collected> = (0..answers.len()).map(|_| Collected::default()).collect();
    while let Some((at, said)) = answers.next().await {
        let answer = &mut collected[at];
        match said? {
            Said::Waiting { .. } | Said::Reading => {}
            Said::Text { text, tokens } => {
                answer.text.push_str(&text);
                answer.tokens.extend(tokens);
            }
            Said::Reasoning(text) => answer.reasoning.push_str(&text),
            Said::CallBegins { id, name, .. } => {
                answer.calls.push(CollectedCall { id, name, arguments: String::new() });
            }
            Said::CallArguments { index, text } => {
                if let Some(call) = answer.calls.get_mut(index) {
                    call.arguments.push_str(&text);
                }
            }
            Said::End(end) => answer.end = Some(end),
        }
    }
    Ok(collected)
}
