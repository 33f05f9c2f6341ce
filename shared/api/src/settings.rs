//! Every setting that a host reads from its environment, said once. `docs/settings.md` shows the same table, and a test
//! compares the two.

/// A setting.
#[derive(Clone, Copy, Debug)]
pub struct Setting {
    pub name: &'static str,
    pub needed: Needed,
    /// Whether it must be kept from eyes and logs.
    pub secret: bool,
    pub meaning: &'static str,
}

/// When a setting must be there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Needed {
    Always,
    /// When the other one is set.
    With(&'static str),
    Optional,
}

const fn plain(name: &'static str, needed: Needed, meaning: &'static str) -> Setting {
    Setting { name, needed, secret: false, meaning }
}

const fn secret(name: &'static str, needed: Needed, meaning: &'static str) -> Setting {
    Setting { name, needed, secret: true, meaning }
}

/// All of them, in the order of the documentation.
pub const SETTINGS: &[Setting] = &[
    plain("SUPABASE_URL", Needed::Always, "The project's URL, such as `https://<ref>.supabase.co`"),
    plain("SUPABASE_PUBLISHABLE_KEY", Needed::Always, "`sb_publishable_…`, or the older anon key"),
    secret(
        "HEARTH_SIGNING_KEY",
        Needed::Always,
        "32 bytes or more in hex, the same as in the database: signs what the server writes",
    ),
    secret(
        "SUPABASE_JWT_SECRET",
        Needed::Optional,
        "The shared secret of a project that still signs its users' tokens with HS256",
    ),
    plain(
        "SUPABASE_JWT_ISSUER",
        Needed::Optional,
        "The issuer of users' tokens, where it is not `<SUPABASE_URL>/auth/v1`",
    ),
    plain(
        "UPSTASH_REDIS_REST_URL",
        Needed::With("UPSTASH_REDIS_REST_TOKEN"),
        "The Redis that streams are resumed from; without one they are not, and turns work",
    ),
    secret("UPSTASH_REDIS_REST_TOKEN", Needed::With("UPSTASH_REDIS_REST_URL"), "Its token"),
    plain(
        "HEARTH_EDGE_URL",
        Needed::Optional,
        "The edge daemon, up to and without `/v1`; without one no model answers",
    ),
    plain(
        "HEARTH_EDGE_MODEL",
        Needed::Optional,
        "The daemon's model, by name; without it the daemon is asked for its list",
    ),
    plain("HEARTH_EDGE_CONTEXT", Needed::Optional, "That model's context in tokens; 4096 if left out"),
    secret(
        "HEARTH_EDGE_API_KEY",
        Needed::Optional,
        "The key that the daemon, or a proxy before it, asks for; not used where `HEARTH_EDGE_SERVICE_KEY` is set",
    ),
    plain(
        "HEARTH_EDGE_ID",
        Needed::With("HEARTH_EDGE_SERVICE_KEY"),
        "The daemon's id, as `hearth-edge pair` prints it",
    ),
    secret(
        "HEARTH_EDGE_SERVICE_KEY",
        Needed::With("HEARTH_EDGE_ID"),
        "The private key of the pairing, which signs a token for each call of the daemon; from `hearth-edge pair`",
    ),
    secret(
        "CRON_SECRET",
        Needed::Optional,
        "16 characters or more: the bearer token of `GET /v1/cron/daily`; without it that route answers 503",
    ),
    plain(
        "HEARTH_HOME_HOST",
        Needed::Optional,
        "`1` where Redis stands at home, so that private text may be written to it",
    ),
    plain(
        "HEARTH_TEST_ROUTES",
        Needed::Optional,
        "`1` adds `GET /v1/test/panic`, by which the tests prove that a panic costs one request",
    ),
];
