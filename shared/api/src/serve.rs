//! From a host's environment to the Router it serves.

use axum::Router;
use hearth_domain::Code;

use crate::{App, Config, Host, answer::Failure, routes};

/// Reads the settings and builds the Router. With a setting that is missing or malformed, every request is answered by the
/// problem that names them all, and the log says so once: a function that cannot start tells nobody why.
pub fn serve(host: Host, lookup: impl Fn(&str) -> Option<String>) -> (Router, Option<App>) {
    let wrong = match Config::from_lookup(lookup) {
        Ok(config) => match App::on(host, config) {
            Ok(app) => return (routes::router(app.clone()), Some(app)),
            Err(error) => error.to_string(),
        },
        Err(error) => error.0.join("; "),
    };
    tracing::error!(wrong, "the settings are not complete: every request will be refused");
    (refusing(&wrong), None)
}

/// Answers everything with the problem that the settings are not complete. Settings are named, their values never shown.
fn refusing(wrong: &str) -> Router {
    let problem = Code::NotConfigured
        .with(format!("Set what is missing or malformed where this function is deployed: {wrong}."));
    routes::dressed(Router::new().fallback(move || {
        let problem = problem.clone();
        async move { Failure(problem) }
    }))
}

#[cfg(test)]
mod tests {
    use super::serve;
    use crate::Host;

    #[test]
    fn without_settings_there_is_a_router_and_no_app() {
        let (_, app) = serve(Host::default(), |_| None);
        assert!(app.is_none());
    }
}
