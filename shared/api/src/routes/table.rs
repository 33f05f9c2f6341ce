//! Every route of the contract, once: the Router and the document are both made from this list.
//!
//! The document is a file (`shared/api/openapi.json`), written and checked by a test: hosts serve its text, and carry none of
//! the code that makes it.

use axum::{Router, middleware, routing};
use utoipa::OpenApi;

use super::{
    conversations, cron, docs::Credentials, health, me, members, messages, openai, policy, turns, websocket,
    workspaces,
};
use crate::{App, answer::as_envelope};

macro_rules! routes {
    ($($group:ident { $($method:ident $path:literal $($handler:ident)::+;)* })*) => {
        $(fn $group() -> Router<App> {
            Router::new()$(.route($path, routing::$method($($handler)::+)))*
        })*

        /// Every method and path, as the Router has them.
        #[cfg(test)]
        const ALL: &[(&str, &str)] = &[$($((stringify!($method), $path)),*),*];

        #[derive(OpenApi)]
        #[openapi(
            info(
                title = "Hearth",
                description = "Conversations with models of one's own and others', kept under row-level security."
            ),
            modifiers(&Credentials),
            security(("bearer" = [])),
            paths($($($($handler)::+),*),*)
        )]
        struct Contract;
    };
}

routes! {
    hearth {
        get "/v1/health" health::get;
        get "/v1/me" me::get;
        patch "/v1/me" me::patch;
        get "/v1/workspaces" workspaces::list;
        post "/v1/workspaces" workspaces::create;
        get "/v1/workspaces/{id}" workspaces::get;
        patch "/v1/workspaces/{id}" workspaces::patch;
        delete "/v1/workspaces/{id}" workspaces::delete;
        get "/v1/workspaces/{id}/members" members::list;
        post "/v1/workspaces/{id}/members" members::add;
        patch "/v1/workspaces/{id}/members/{user_id}" members::patch;
        delete "/v1/workspaces/{id}/members/{user_id}" members::remove;
        get "/v1/workspaces/{id}/policy" policy::get;
        put "/v1/workspaces/{id}/policy" policy::put;
        get "/v1/conversations" conversations::list;
        post "/v1/conversations" conversations::create;
        get "/v1/conversations/{id}" conversations::get;
        patch "/v1/conversations/{id}" conversations::patch;
        delete "/v1/conversations/{id}" conversations::delete;
        get "/v1/conversations/{id}/messages" messages::list;
        post "/v1/conversations/{id}/messages" turns::create::create;
        get "/v1/turns/{id}" turns::read::get;
        get "/v1/turns/{id}/events" turns::events::get;
        post "/v1/turns/{id}/cancel" turns::cancel::cancel;
        get "/v1/ws" websocket::get;
        get "/v1/cron/daily" cron::daily;
    }
    openai_compatible {
        get "/v1/models" openai::models::list;
        post "/v1/chat/completions" openai::chat::create;
        post "/v1/embeddings" openai::embeddings::create;
    }
}

/// The Router of every route; the OpenAI-compatible ones answer problems in OpenAI's envelope.
pub fn router() -> Router<App> {
    hearth().merge(openai_compatible().layer(middleware::from_fn(as_envelope)))
}

/// The document, from the code. Hosts serve the file that was made of it.
pub fn document() -> utoipa::openapi::OpenApi {
    Contract::openapi()
}

#[cfg(test)]
mod tests {
    use super::{ALL, document};

    #[test]
    fn each_route_is_documented_under_its_own_method_and_path() {
        let document = serde_json::to_value(document()).unwrap();
        for (method, path) in ALL {
            assert!(document["paths"][path][method].is_object(), "{method} {path}: see its #[utoipa::path]");
        }
        let documented: usize = document["paths"]
            .as_object()
            .unwrap()
            .values()
            .map(|verbs| verbs.as_object().unwrap().len())
            .sum();
        assert_eq!(documented, ALL.len());
    }
}
