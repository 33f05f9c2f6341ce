//! What the router decides for a turn, as it is stored and told.

use hearth_clients::platform;
use hearth_domain::{Code, Decision, Problem, Rejection};
use hearth_routing::{Candidate, Catalogue, Health, Quotas, decide};

use super::{TurnRequest, begin::Begun};
use crate::app::Edge;

/// What the router decides for a turn.
pub async fn decision_of(edge: &Edge, begun: &Begun, request: &TurnRequest) -> hearth_routing::Decision {
    let catalogue: Catalogue = edge.models.catalogue(&edge.provider).await;
    let asked = hearth_routing::Request {
        sensitivity: begun.sensitivity,
        task: request.task.unwrap_or_default(),
        latency: request.latency.unwrap_or_default(),
        model: request.model.clone().or_else(|| begun.conversation.model.clone()),
    };
    let policy =
        hearth_routing::Policy { on_prem_only: begun.policy.is_some_and(|policy| policy.on_prem_only) };
    let (quotas, health) = (Quotas::default(), Health::default());
    decide(&asked, policy, &catalogue, &quotas, &health, platform::unix_seconds())
}

/// The decision as it is stored and sent.
pub fn decision(candidate: &Candidate, rejected: &[hearth_routing::Ruled]) -> Decision {
    let rejected = rejected.iter().map(|ruled| Rejection {
        provider: ruled.provider.clone(),
        model: ruled.model.clone(),
        reason: ruled.reason.clone(),
    });
    Decision {
        provider: candidate.provider.clone(),
        model: candidate.model.clone(),
        locality: candidate.locality.as_str().into(),
        reasons: candidate.reasons.clone(),
        rejected: rejected.collect(),
    }
}

/// Why no model may answer, in words that say what to change.
pub fn no_candidate(rejected: &[hearth_routing::Ruled]) -> Problem {
    if rejected.is_empty() {
        return Code::NoProvider
            .with("No model answers now. Check that the edge daemon runs, then answer the question again.")
            .retry_after(5);
    }
    if rejected.iter().all(|ruled| ruled.reason == "another_model_was_asked_for") {
        let known: Vec<&str> = rejected.iter().map(|ruled| ruled.model.as_str()).collect();
        return Code::ModelNotFound
            .with(format!("No such model here. Ask for `default`, or one of: {}.", known.join(", ")));
    }
    Code::NoProvider.with("Every model was ruled out by this turn's privacy or the workspace's policy.")
}
