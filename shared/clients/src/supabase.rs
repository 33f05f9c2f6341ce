//! Supabase: PostgREST's functions, the signed ones among them, and the keys that tokens are verified with.

mod again;
mod answer;
mod jwks;
mod rpc;
mod signature;

pub use answer::RpcError;
pub use jwks::{JwksError, fetch_jwks};
pub use rpc::{Supabase, SupabaseConfig};
pub use signature::{Signed, SigningKey};
