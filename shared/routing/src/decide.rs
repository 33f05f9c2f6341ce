//! The decision itself.

use hearth_domain::Sensitivity;

use crate::{Catalogue, Health, Locality, Model, Policy, Provider, Quotas, Request, Standing};

/// The names that ask for no model in particular.
const ANY_MODEL: [&str; 3] = ["default", "auto", "hearth"];

/// A model that may answer, with the reasons for its place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Candidate {
    pub provider: String,
    pub model: String,
    pub locality: Locality,
    pub context: u32,
    pub reasons: Vec<String>,
}

/// A model that may not answer, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ruled {
    pub provider: String,
    pub model: String,
    pub reason: String,
}

/// The candidates in the order in which to try them, and those that were ruled out.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Decision {
    pub candidates: Vec<Candidate>,
    pub rejected: Vec<Ruled>,
}

/// Decides which models may answer, and in which order.
///
/// The order is the operator's: providers as they stand in the catalogue, and models within them. `now` is in seconds
/// since the epoch.
pub fn decide(
    request: &Request,
    policy: Policy,
    catalogue: &Catalogue,
    quotas: &Quotas,
    health: &Health,
    now: u64,
) -> Decision {
    let mut decision = Decision::default();
    for provider in &catalogue.providers {
        for model in &provider.models {
            match rule_out(request, policy, provider, model, quotas, health, now) {
                Some(reason) => decision.rejected.push(Ruled {
                    provider: provider.name.clone(),
                    model: model.id.clone(),
                    reason: reason.into(),
                }),
                None => decision.candidates.push(candidate(request, policy, provider, model)),
            }
        }
    }
    decision
}

fn rule_out(
    request: &Request,
    policy: Policy,
    provider: &Provider,
    model: &Model,
    quotas: &Quotas,
    health: &Health,
    now: u64,
) -> Option<&'static str> {
    let hosted = provider.locality == Locality::Hosted;
    if hosted && request.sensitivity == Sensitivity::Private {
        return Some("private_stays_local");
    }
    if hosted && policy.on_prem_only {
        return Some("on_prem_only");
    }
    if asked_for(request).is_some_and(|name| name != model.id) {
        return Some("another_model_was_asked_for");
    }
    if quotas.tokens_left.get(&provider.name) == Some(&0) {
        return Some("quota_used_up");
    }
    match health.standings.get(&provider.name) {
        Some(Standing::Down { retry_at }) if now < *retry_at => Some("provider_down"),
        _ => None,
    }
}

fn candidate(request: &Request, policy: Policy, provider: &Provider, model: &Model) -> Candidate {
    let mut reasons = Vec::new();
    if asked_for(request).is_some() {
        reasons.push("asked_for");
    }
    if request.sensitivity == Sensitivity::Private {
        reasons.push("private_stays_local");
    }
    if policy.on_prem_only {
        reasons.push("on_prem_only");
    }
    if reasons.is_empty() {
        reasons.push("operator_order");
    }
    Candidate {
        provider: provider.name.clone(),
        model: model.id.clone(),
        locality: provider.locality,
        context: model.context,
        reasons: reasons.into_iter().map(Into::into).collect(),
    }
}

/// The model asked for by name, if one is.
fn asked_for(request: &Request) -> Option<&str> {
    request.model.as_deref().filter(|name| !ANY_MODEL.contains(name))
}
