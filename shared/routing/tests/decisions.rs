//! What the router decides, and that private turns stay at home whatever else is true.

use hearth_domain::Sensitivity;
use hearth_routing::{
    Catalogue, Health, Latency, Locality, Model, Policy, Provider, Quotas, Request, Standing, Task, decide,
};
use proptest::prelude::*;

fn provider(name: &str, locality: Locality, models: &[&str]) -> Provider {
    let models = models.iter().map(|id| Model { id: (*id).into(), context: 8192 }).collect();
    Provider { name: name.into(), locality, models }
}

fn catalogue() -> Catalogue {
    let home = provider("edge", Locality::Local, &["smol"]);
    Catalogue { providers: vec![provider("cloud", Locality::Hosted, &["big", "bigger"]), home] }
}

fn names(request: &Request, policy: Policy) -> Vec<String> {
    let decision = decide(request, policy, &catalogue(), &Quotas::default(), &Health::default(), 0);
    decision.candidates.into_iter().map(|candidate| candidate.model).collect()
}

#[test]
fn the_operators_order_stands() {
    assert_eq!(names(&Request::default(), Policy::default()), ["big", "bigger", "smol"]);
}

#[test]
fn a_model_asked_for_by_name_is_the_only_candidate() {
    let request = Request { model: Some("bigger".into()), ..Request::default() };
    assert_eq!(names(&request, Policy::default()), ["bigger"]);
}

#[test]
fn default_names_no_model_in_particular() {
    let request = Request { model: Some("default".into()), ..Request::default() };
    assert_eq!(names(&request, Policy::default()).len(), 3);
}

#[test]
fn a_policy_keeps_turns_on_the_premises() {
    assert_eq!(names(&Request::default(), Policy { on_prem_only: true }), ["smol"]);
}

#[test]
fn a_provider_that_is_down_is_asked_again_when_its_time_has_come() {
    let down = [("edge".to_owned(), Standing::Down { retry_at: 100 })].into();
    let health = Health { standings: down };
    let at = |now| {
        let request = Request { sensitivity: Sensitivity::Private, ..Request::default() };
        decide(&request, Policy::default(), &catalogue(), &Quotas::default(), &health, now).candidates.len()
    };
    assert_eq!((at(99), at(100)), (0, 1));
}

#[test]
fn a_used_up_quota_rules_its_provider_out() {
    let quotas = Quotas { tokens_left: [("cloud".to_owned(), 0)].into() };
    let decision =
        decide(&Request::default(), Policy::default(), &catalogue(), &quotas, &Health::default(), 0);
    assert_eq!(decision.candidates.len(), 1);
    assert!(decision.rejected.iter().all(|ruled| ruled.reason == "quota_used_up"));
}

fn any_request() -> impl Strategy<Value = Request> {
    let sensitivity = prop_oneof![Just(Sensitivity::Normal), Just(Sensitivity::Private)];
    let task = prop_oneof![Just(Task::Chat), Just(Task::Code), Just(Task::Summarize), Just(Task::Quick)];
    let latency = prop_oneof![Just(Latency::Interactive), Just(Latency::Batch)];
    let model = proptest::option::of(prop_oneof![Just("big".to_owned()), Just("smol".to_owned())]);
    (sensitivity, task, latency, model).prop_map(|(sensitivity, task, latency, model)| Request {
        sensitivity,
        task,
        latency,
        model,
    })
}

fn any_catalogue() -> impl Strategy<Value = Catalogue> {
    let locality = prop_oneof![Just(Locality::Local), Just(Locality::Hosted)];
    let one = ("[a-c]", locality, proptest::collection::vec("big|smol|other", 0..3)).prop_map(
        |(name, locality, models)| {
            let models = models.iter().map(String::as_str).collect::<Vec<_>>();
            provider(&name, locality, &models)
        },
    );
    proptest::collection::vec(one, 0..4).prop_map(|providers| Catalogue { providers })
}

proptest! {
    #[test]
    fn a_private_turn_never_has_a_hosted_candidate(request in any_request(), catalogue in any_catalogue(), on_prem_only: bool) {
        let policy = Policy { on_prem_only };
        let decision = decide(&request, policy, &catalogue, &Quotas::default(), &Health::default(), 0);
        if request.sensitivity == Sensitivity::Private || on_prem_only {
            prop_assert!(decision.candidates.iter().all(|candidate| candidate.locality == Locality::Local));
        }
    }

    #[test]
    fn every_model_is_either_a_candidate_or_ruled_out(request in any_request(), catalogue in any_catalogue()) {
        let decision = decide(&request, Policy::default(), &catalogue, &Quotas::default(), &Health::default(), 0);
        let models: usize = catalogue.providers.iter().map(|provider| provider.models.len()).sum();
        prop_assert_eq!(decision.candidates.len() + decision.rejected.len(), models);
    }

    #[test]
    fn the_same_input_gives_the_same_decision(request in any_request(), catalogue in any_catalogue()) {
        let once = || decide(&request, Policy::default(), &catalogue, &Quotas::default(), &Health::default(), 7);
        prop_assert_eq!(once(), once());
    }
}
